import { isWithin } from "./pointer.ts";

const FOCUSABLE =
  "input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea:not(:disabled), button:not(:disabled)";

const findElement = (form: HTMLElement, pointer: string): HTMLElement | undefined =>
  [...form.querySelectorAll<HTMLElement>("[data-pointer]")]
    .filter(({ dataset }) => isWithin(pointer, dataset["pointer"] ?? ""))
    .sort((a, b) => (b.dataset["pointer"] ?? "").length - (a.dataset["pointer"] ?? "").length)[0];

/** Puts the focus where a value is edited, or where what it stands in is; false where the form shows neither. */
export const focusOn = (form: HTMLElement, pointer: string): boolean => {
  const element = findElement(form, pointer)?.querySelector<HTMLElement>(FOCUSABLE);
  element?.focus();
  return element !== undefined && element !== null;
};

/** The one of some places that comes first in the form. */
export const findFirst = (form: HTMLElement, pointers: readonly string[]): string | undefined => {
  const order = [...form.querySelectorAll<HTMLElement>("[data-pointer]")];
  const rank = (pointer: string) => {
    const place = findElement(form, pointer);
    return place === undefined ? Number.POSITIVE_INFINITY : order.indexOf(place);
  };
  return [...pointers].sort((a, b) => rank(a) - rank(b))[0];
};
