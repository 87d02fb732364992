import { useCallback, useEffect, useRef, useState } from "react";
import type { JsonObject } from "../../../protocol/json.ts";
import type { FieldError } from "../../../protocol/problem.ts";
import { isWithin } from "../pointer.ts";

/** Time between the last change and the validation request, in milliseconds. */
const DEBOUNCE_MS = 400;

const NONE: readonly FieldError[] = [];

/** The validation errors of a form, and functions that update them. */
export interface Validation {
  readonly errors: readonly FieldError[];
  /** Validates a changed payload on the server when the user has stopped typing. */
  readonly validate: (payload: JsonObject) => void;
  /**
   * Removes the errors at a pointer and below, because the value at the pointer has changed since
   * the validation.
   */
  readonly clear: (pointer: string) => void;
}

/**
 * Returns the errors of a payload: those of the last rejected submit or, after a later validation,
 * those of that validation.
 */
export const useValidation = (
  problems: readonly FieldError[] | undefined,
  onValidate: ((payload: JsonObject) => Promise<readonly FieldError[]>) | undefined,
): Validation => {
  const [errors, setErrors] = useState(problems ?? NONE);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(0);
  const request = useRef(onValidate);
  request.current = onValidate;

  const problemText = JSON.stringify(problems ?? NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal problems must not reset the errors
  useEffect(() => setErrors(problems ?? NONE), [problemText]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const validate = useCallback((payload: JsonObject) => {
    clearTimeout(timer.current);
    latest.current += 1;
    const own = latest.current;
    timer.current = setTimeout(() => {
      request.current?.(payload).then(
        (found) => {
          if (own === latest.current) setErrors(found);
        },
        // Ignores a failed validation request, because the next change and the submit are validated
        // as well.
        () => {},
      );
    }, DEBOUNCE_MS);
  }, []);

  const clear = useCallback((pointer: string) => {
    setErrors((current) => {
      const left = current.filter((error) => !isWithin(error.pointer, pointer));
      return left.length === current.length ? current : left;
    });
  }, []);

  return { errors, validate, clear };
};
