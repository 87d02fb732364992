import { isWithin } from "../pointer.ts";

const FOCUSABLE =
  "input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea:not(:disabled), button:not(:disabled)";

const findElement = (form: HTMLElement, pointer: string): HTMLElement | undefined =>
  [...form.querySelectorAll<HTMLElement>("[data-pointer]")]
    .filter(({ dataset }) => isWithin(pointer, dataset["pointer"] ?? ""))
    .sort((a, b) => (b.dataset["pointer"] ?? "").length - (a.dataset["pointer"] ?? "").length)[0];

/**
 * Focuses the field of a value, or the field of the nearest object or list that contains the value.
 * Returns false if the form shows none of these fields.
 */
export const focusOn = (form: HTMLElement, pointer: string): boolean => {
  const element = findElement(form, pointer)?.querySelector<HTMLElement>(FOCUSABLE);
  element?.focus();
  return element !== undefined && element !== null;
};

/** Returns the pointer whose field comes first in the form. */
export const findFirst = (form: HTMLElement, pointers: readonly string[]): string | undefined => {
  const order = [...form.querySelectorAll<HTMLElement>("[data-pointer]")];
  const rank = (pointer: string) => {
    const element = findElement(form, pointer);
    return element === undefined ? Number.POSITIVE_INFINITY : order.indexOf(element);
  };
  return [...pointers].sort((a, b) => rank(a) - rank(b))[0];
};
