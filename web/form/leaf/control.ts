import type { FocusEvent, FormEvent } from "react";
import type { FormSchema } from "../schema/form-schema.ts";

/** What every input of a field has besides its value. */
export interface ControlAttributes {
  readonly id: string;
  readonly required: boolean;
  readonly disabled: boolean;
  readonly readOnly: boolean;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
  readonly onBlur: (event: FocusEvent<ValidatedElement>) => void;
  readonly onInvalid: (event: FormEvent<ValidatedElement>) => void;
}

/** An element that says itself whether its value may stand. */
export type ValidatedElement = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** What a field's control is given. */
export interface ControlProps {
  readonly schema: FormSchema;
  readonly value: unknown;
  readonly label: string;
  readonly attributes: ControlAttributes;
  readonly onChange: (value: unknown) => void;
}

/** What an emptied field is: null where that is allowed, else left out of the payload. */
export const getEmptyValue = (schema: FormSchema): null | undefined =>
  Array.isArray(schema.type) && schema.type.includes("null") ? null : undefined;

/** What stands in an empty field: what `x-placeholder` says, else the default that the worker will take. */
export const getPlaceholder = (schema: FormSchema): string | undefined => {
  const given: unknown = schema["x-placeholder"];
  if (typeof given === "string") return given;
  const standard: unknown = schema.default;
  if (typeof standard === "number" || (typeof standard === "string" && standard !== ""))
    return String(standard);
  const [example] = Array.isArray(schema.examples) ? schema.examples : [];
  return typeof example === "string" || typeof example === "number" ? `e.g. ${example}` : undefined;
};
