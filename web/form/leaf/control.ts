import type { FocusEvent, FormEvent } from "react";
import type { FormSchema } from "../schema/form-schema.ts";

/** The attributes that every input has in addition to its value. */
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

/** A form element that supports the browser's constraint validation. */
export type ValidatedElement = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export interface ControlProps {
  readonly schema: FormSchema;
  readonly value: unknown;
  readonly label: string;
  readonly attributes: ControlAttributes;
  readonly onChange: (value: unknown) => void;
}

/**
 * Returns the value of an empty field: null if the schema allows null, otherwise undefined. A
 * member that is undefined is omitted from the payload.
 */
export const getEmptyValue = (schema: FormSchema): null | undefined =>
  Array.isArray(schema.type) && schema.type.includes("null") ? null : undefined;

/**
 * Returns the placeholder of an empty field: `x-placeholder`, the default that the worker applies,
 * or an example.
 */
export const getPlaceholder = (schema: FormSchema): string | undefined => {
  const placeholder: unknown = schema["x-placeholder"];
  if (typeof placeholder === "string") return placeholder;
  const defaultValue: unknown = schema.default;
  if (typeof defaultValue === "number" || (typeof defaultValue === "string" && defaultValue !== ""))
    return String(defaultValue);
  const [example] = Array.isArray(schema.examples) ? schema.examples : [];
  return typeof example === "string" || typeof example === "number" ? `e.g. ${example}` : undefined;
};
