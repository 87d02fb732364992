import { useEffect, useRef } from "react";
import { DRAWN, type DrawnSchema } from "../schema/drawn-schema.ts";
import { type ControlProps, emptied, placeholderOf, type Validated } from "./control.ts";

const TYPES: Record<string, string> = { email: "email", "idn-email": "email", uri: "url", date: "date" };
const LONG = 200;

const widgetOf = (schema: DrawnSchema): unknown => schema["x-widget"];

/** True for a text that is likely to have lines. */
export const isLongText = (schema: DrawnSchema): boolean => {
  const standard: unknown = schema.default;
  return (
    widgetOf(schema) === "textarea" ||
    schema.contentMediaType !== undefined ||
    schema.contentEncoding !== undefined ||
    schema.format === "binary" ||
    (schema.maxLength ?? 0) > LONG ||
    (typeof standard === "string" && standard.includes("\n"))
  );
};

const inputType = (schema: DrawnSchema): string => {
  const widget = widgetOf(schema);
  if (widget === "password" || widget === "color") return widget;
  return TYPES[schema.format ?? ""] ?? "text";
};

/** The browser asks after `pattern` with an expression of its own making; so it is asked here, and told. */
const complaintOf = (schema: DrawnSchema, value: unknown): string => {
  const pattern: unknown = schema[DRAWN.pattern];
  if (typeof pattern !== "string" || typeof value !== "string" || value === "") return "";
  return new RegExp(pattern, "u").test(value) ? "" : `must match the pattern ${pattern}`;
};

/**
 * A text. Emptied it is left out, or null if that is allowed. If the schema has a default, it is sent empty: the worker
 * would put the default in its place. A required text is sent empty only if its default or the given value is empty.
 */
export const TextControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const element = useRef<Validated>(null);
  const complaint = complaintOf(schema, value);
  useEffect(() => element.current?.setCustomValidity(complaint), [complaint]);

  const change = (text: string) => {
    if (text !== "") return onChange(text);
    const nothing = emptied(schema);
    const standard: unknown = schema.default;
    const isSent = typeof standard === "string" && (standard === "") === attributes.required;
    onChange(nothing === undefined && isSent ? "" : nothing);
  };
  const common = {
    ...attributes,
    required: attributes.required && value !== "",
    value: typeof value === "string" ? value : "",
    placeholder: placeholderOf(schema),
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
      type={inputType(schema)}
      autoComplete="off"
      autoCapitalize="off"
      onChange={({ target }) => change(target.value)}
    />
  );
};
