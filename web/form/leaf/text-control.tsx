import { useEffect, useRef } from "react";
import { FORM_KEYWORDS, type FormSchema } from "../schema/form-schema.ts";
import { type ControlProps, getEmptyValue, getPlaceholder, type ValidatedElement } from "./control.ts";

const TYPES: Record<string, string> = { email: "email", "idn-email": "email", uri: "url", date: "date" };
const LONG = 200;

const getWidget = (schema: FormSchema): unknown => schema["x-widget"];

/** True for a text that is likely to have lines. */
export const isLongText = (schema: FormSchema): boolean => {
  const standard: unknown = schema.default;
  return (
    getWidget(schema) === "textarea" ||
    schema.contentMediaType !== undefined ||
    schema.contentEncoding !== undefined ||
    schema.format === "binary" ||
    (schema.maxLength ?? 0) > LONG ||
    (typeof standard === "string" && standard.includes("\n"))
  );
};

const getInputType = (schema: FormSchema): string => {
  const widget = getWidget(schema);
  if (widget === "password" || widget === "color") return widget;
  return TYPES[schema.format ?? ""] ?? "text";
};

/** The browser asks after `pattern` with an expression of its own making; so it is asked here, and told. */
const getValidationMessage = (schema: FormSchema, value: unknown): string => {
  const pattern: unknown = schema[FORM_KEYWORDS.pattern];
  if (typeof pattern !== "string" || typeof value !== "string" || value === "") return "";
  return new RegExp(pattern, "u").test(value) ? "" : `must match the pattern ${pattern}`;
};

/**
 * A text. Emptied it is left out, or null if that is allowed. If the schema has a default, it is sent empty: the worker
 * would put the default in its place. A required text is sent empty only if its default or the given value is empty.
 */
export const TextControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const element = useRef<ValidatedElement>(null);
  const complaint = getValidationMessage(schema, value);
  useEffect(() => element.current?.setCustomValidity(complaint), [complaint]);

  const change = (text: string) => {
    if (text !== "") return onChange(text);
    const nothing = getEmptyValue(schema);
    const standard: unknown = schema.default;
    const isSent = typeof standard === "string" && (standard === "") === attributes.required;
    onChange(nothing === undefined && isSent ? "" : nothing);
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
