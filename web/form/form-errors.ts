import { createContext, use } from "react";
import type { FieldError } from "../../protocol/problem.ts";
import { isWithin } from "./pointer.ts";

/** The validation errors of a payload, and how fields show them. */
export interface FormErrors {
  readonly errors: readonly FieldError[];
  /**
   * True after a submit: every field shows its errors. Before the first submit, only fields that the user has
   * visited show them.
   */
  readonly showsAll: boolean;
  /** Removes the errors at a pointer and below, because the value has changed since it was validated. */
  readonly clear: (pointer: string) => void;
}

const Context = createContext<FormErrors>({ errors: [], showsAll: false, clear: () => {} });

/** Provides the errors to the fields below it. */
export const FormErrorsProvider = Context.Provider;

/** Returns the errors of the form that contains the field. */
export const useFormErrors = (): FormErrors => use(Context);

/**
 * Returns the messages at a pointer. With `isDeep`, also returns the messages at all pointers below, for a field that
 * shows a whole subtree.
 */
export const getErrorsAt = (errors: readonly FieldError[], pointer: string, isDeep = false): string[] =>
  errors
    .filter((error) => (isDeep ? isWithin(error.pointer, pointer) : error.pointer === pointer))
    .map((error) =>
      error.pointer === pointer ? error.detail : `${error.pointer.slice(pointer.length)} ${error.detail}`,
    );

const PAYLOAD = "/payload";

/**
 * Converts the errors of a rejected submit (422). The pointers that it receives are relative to the request
 * body, and the pointers that it returns are relative to the payload.
 */
export const toPayloadErrors = (errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ pointer, detail }) => ({
    pointer: isWithin(pointer, PAYLOAD) ? pointer.slice(PAYLOAD.length) : pointer,
    detail,
  }));
