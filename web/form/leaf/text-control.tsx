import { useEffect, useRef } from "react";
import { FORM_KEYWORDS, type FormSchema } from "../schema/form-schema.ts";
import { type ControlProps, getEmptyValue, getPlaceholder, type ValidatedElement } from "./control.ts";

const TYPES: Record<string, string> = { email: "email", "idn-email": "email", uri: "url", date: "date" };
/** Strings whose maximum length is greater than this number are edited in a text area. */
const MAX_LINE_CHARACTERS = 200;

const getWidget = (schema: FormSchema): unknown => schema["x-widget"];

/** Returns true if a string of this schema probably has several lines. */
export const isLongText = (schema: FormSchema): boolean => {
  const defaultValue: unknown = schema.default;
  return (
    getWidget(schema) === "textarea" ||
    schema.contentMediaType !== undefined ||
    schema.contentEncoding !== undefined ||
    schema.format === "binary" ||
    (schema.maxLength ?? 0) > MAX_LINE_CHARACTERS ||
    (typeof defaultValue === "string" && defaultValue.includes("\n"))
  );
};

const getInputType = (schema: FormSchema): string => {
  const widget = getWidget(schema);
  if (widget === "password" || widget === "color") return widget;
  return TYPES[schema.format ?? ""] ?? "text";
};

/**
 * Checks the pattern. Does not use the browser's `pattern` attribute, because browsers match the
 * whole value, while a pattern in JSON Schema may match a part of the value.
 */
const getValidationMessage = (schema: FormSchema, value: unknown): string => {
  const pattern: unknown = schema[FORM_KEYWORDS.pattern];
  if (typeof pattern !== "string" || typeof value !== "string" || value === "") return "";
  return new RegExp(pattern, "u").test(value) ? "" : `must match the pattern ${pattern}`;
};

/**
 * Edits a string. If the user clears the field, the value becomes null if the schema allows null;
 * otherwise, the member is omitted. Exception: an optional string with a non-empty default becomes
 * "", because the worker would replace a missing member by the default. A required field may be
 * empty only if its default or its initial value is "".
 */
export const TextControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const element = useRef<ValidatedElement>(null);
  const error = getValidationMessage(schema, value);
  useEffect(() => element.current?.setCustomValidity(error), [error]);

  const change = (text: string) => {
    if (text !== "") return onChange(text);
    const emptyValue = getEmptyValue(schema);
    const defaultValue: unknown = schema.default;
    const isSent = typeof defaultValue === "string" && (defaultValue === "") === attributes.required;
    onChange(emptyValue === undefined && isSent ? "" : emptyValue);
  };
  const common = {
    ...attributes,
    required: attributes.required && value !== "",
    value: typeof value === "string" ? value : "",
    placeholder: getPlaceholder(schema),
    minLength: schema.minLength,
    maxLength: schema.maxLength,
    spellCheck: false,
  };
  if (isLongText(schema)) {
    return (
      <textarea
        {...common}
        ref={(area) => {
          element.current = area;
        }}
        rows={schema.maxLength === undefined ? 5 : 2}
        onChange={({ target }) => change(target.value)}
      />
    );
  }
  return (
    <input
      {...common}
      ref={(input) => {
        element.current = input;
      }}
      type={getInputType(schema)}
      autoComplete="off"
      autoCapitalize="off"
      onChange={({ target }) => change(target.value)}
    />
  );
};
