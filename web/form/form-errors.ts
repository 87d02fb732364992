import { createContext, use } from "react";
import type { FieldError } from "../../protocol/problem.ts";
import { isWithin } from "./pointer.ts";

/** What of a payload does not fit, where, and how the fields of a form are to speak of it. */
export interface FormErrors {
  readonly faults: readonly FieldError[];
  /** After a submit every field says what is wrong with it; before, those alone that somebody has been in. */
  readonly showsAll: boolean;
  /** What is said of a place is said of what stood there before. */
  readonly edited: (pointer: string) => void;
}

const Faults = createContext<FormErrors>({ faults: [], showsAll: false, edited: () => {} });

/** Gives the fields below it their faults. */
export const FormErrorsProvider = Faults.Provider;

/** What the form knows to be wrong. */
export const useFormErrors = (): FormErrors => use(Faults);

/** What is wrong at a place; `inside` for a field that shows all that stands below it. */
export const getErrorsAt = (faults: readonly FieldError[], pointer: string, inside = false): string[] =>
  faults
    .filter((fault) => (inside ? isWithin(fault.pointer, pointer) : fault.pointer === pointer))
    .map((fault) =>
      fault.pointer === pointer ? fault.detail : `${fault.pointer.slice(pointer.length)} ${fault.detail}`,
    );

const PAYLOAD = "/payload";

/** The faults of a submit that was refused (422), whose pointers begin at the request's body. */
export const toPayloadErrors = (errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ pointer, detail }) => ({
    pointer: isWithin(pointer, PAYLOAD) ? pointer.slice(PAYLOAD.length) : pointer,
    detail,
  }));
