import { createContext, use } from "react";
import type { FieldError } from "../../../protocol/problem.ts";
import { isWithin } from "../pointer.ts";

/** The validation errors of a payload, and whether the fields show them. */
export interface FormErrors {
  readonly errors: readonly FieldError[];
  /**
   * True after a submit, so that every field shows its errors. Before the first submit, a field
   * shows its errors only after the user has visited the field.
   */
  readonly showsAll: boolean;
  /**
   * Removes the errors at a pointer and below, because the value at the pointer has changed since
   * the validation.
   */
  readonly clear: (pointer: string) => void;
}

const Context = createContext<FormErrors>({ errors: [], showsAll: false, clear: () => {} });

/** Provides the errors to the fields inside the provider. */
export const FormErrorsProvider = Context.Provider;

export const useFormErrors = (): FormErrors => use(Context);

/**
 * Returns the messages at a pointer. If `isDeep` is set, also returns the messages at all pointers
 * below it, for a field that shows a value with its members.
 */
export const getErrorsAt = (errors: readonly FieldError[], pointer: string, isDeep = false): string[] =>
  errors
    .filter((error) => (isDeep ? isWithin(error.pointer, pointer) : error.pointer === pointer))
    .map((error) =>
      error.pointer === pointer ? error.detail : `${error.pointer.slice(pointer.length)} ${error.detail}`,
    );

const PAYLOAD = "/payload";

/**
 * Converts the errors of a submit that was rejected with 422. The pointers of the response are
 * relative to the request body; the returned pointers are relative to the payload.
 */
export const toPayloadErrors = (errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ pointer, detail }) => ({
    pointer: isWithin(pointer, PAYLOAD) ? pointer.slice(PAYLOAD.length) : pointer,
    detail,
  }));
