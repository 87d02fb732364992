import { useCallback, useEffect, useRef, useState } from "react";
import type { JsonObject } from "../../protocol/json.ts";
import type { FieldError } from "../../protocol/problem.ts";
import { isWithin } from "./pointer.ts";

/** So long after the last keystroke the server is asked. */
const PAUSE_MS = 400;

const NONE: readonly FieldError[] = [];

/** How a form hears what is wrong with its payload. */
export interface Validation {
  readonly faults: readonly FieldError[];
  /** The payload has changed: ask again when there is a pause. */
  readonly ask: (payload: JsonObject) => void;
  /** What was said of this place is said of what stood there before. */
  readonly forget: (pointer: string) => void;
}

/** The faults of a payload: those of a refused submit, until something is edited or the server says otherwise. */
export const useValidation = (
  problems: readonly FieldError[] | undefined,
  onValidate: ((payload: JsonObject) => Promise<readonly FieldError[]>) | undefined,
): Validation => {
  const [faults, setFaults] = useState(problems ?? NONE);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const turn = useRef(0);
  const validate = useRef(onValidate);
  validate.current = onValidate;

  const given = JSON.stringify(problems ?? NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same problems again are no news
  useEffect(() => setFaults(problems ?? NONE), [given]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const ask = useCallback((payload: JsonObject) => {
    clearTimeout(timer.current);
    turn.current += 1;
    const mine = turn.current;
    timer.current = setTimeout(() => {
      validate.current?.(payload).then(
        (found) => {
          if (mine === turn.current) setFaults(found);
        },
        // The server is asked again by the next change, and by the submit in any case.
        () => {},
      );
    }, PAUSE_MS);
  }, []);

  const forget = useCallback((pointer: string) => {
    setFaults((known) => {
      const left = known.filter((fault) => !isWithin(fault.pointer, pointer));
      return left.length === known.length ? known : left;
    });
  }, []);

  return { faults, ask, forget };
};
