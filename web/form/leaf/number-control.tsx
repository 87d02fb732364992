import { useEffect, useRef, useState } from "react";
import {
  formatInexactNumberMessage,
  isExactNumber,
  isMultipleOf,
} from "../../../protocol/schema/exact-json.ts";
import type { FormSchema } from "../schema/form-schema.ts";
import { type ControlProps, getEmptyValue, getPlaceholder } from "./control.ts";

const MAX_BOUND = Number.MAX_SAFE_INTEGER;
/** Maximum number of decimals that `toFixed` accepts. */
const MAX_DECIMALS = 100;

const isInteger = ({ type }: FormSchema): boolean => [type].flat().includes("integer");

/** Returns the number of decimals in decimal notation, for example 1 for 0.1 and 9 for 1e-9. */
const countDecimals = (value: number): number => {
  const [digits = "", exponent = "0"] = String(value).split("e");
  const fraction = digits.split(".")[1]?.length ?? 0;
  return Math.min(MAX_DECIMALS, Math.max(0, fraction - Number(exponent)));
};

/**
 * Rounds a limit up to a multiple of a step without floating-point errors, for example to 0.3
 * instead of 0.30000000000000004.
 */
const roundUpToMultiple = (limit: number, step: number): number => {
  if (isMultipleOf(limit, step)) return limit;
  const multiple = Math.ceil(limit / step) * step;
  return Number.isSafeInteger(multiple) ? multiple : Number(multiple.toFixed(countDecimals(step)));
};

/**
 * Returns the attributes of a number input. Browsers count steps from `min`, while multiples in
 * JSON Schema start at zero.
 */
export const getNumberLimits = (schema: FormSchema): { min?: number; max?: number; step: number | "any" } => {
  const step = schema.multipleOf ?? (isInteger(schema) ? 1 : undefined);
  const above = typeof schema.exclusiveMinimum === "number" ? schema.exclusiveMinimum : undefined;
  const below = typeof schema.exclusiveMaximum === "number" ? schema.exclusiveMaximum : undefined;
  const lowest = isInteger(schema) && above !== undefined ? Math.floor(above) + 1 : (above ?? schema.minimum);
  const highest = isInteger(schema) && below !== undefined ? Math.ceil(below) - 1 : (below ?? schema.maximum);
  const min = lowest !== undefined && step !== undefined ? roundUpToMultiple(lowest, step) : lowest;
  return {
    ...(min !== undefined && min > -MAX_BOUND && { min }),
    ...(highest !== undefined && highest < MAX_BOUND && { max: highest }),
    step: step ?? "any",
  };
};

/**
 * Returns the validation error of a number, or an empty string. Checks only what browsers do not
 * check as JSON Schema does: integers, exclusive limits, and `multipleOf`, whose steps browsers
 * count from `min` instead of zero.
 */
const getValidationMessage = (schema: FormSchema, text: string): string => {
  if (text === "") return "";
  if (!isExactNumber(text)) return formatInexactNumberMessage(text);
  const value = Number(text);
  const { exclusiveMinimum: above, exclusiveMaximum: below, multipleOf: step } = schema;
  if (isInteger(schema) && !Number.isInteger(value)) return "must be a whole number";
  if (typeof above === "number" && value <= above) return `must be greater than ${above}`;
  if (typeof below === "number" && value >= below) return `must be less than ${below}`;
  return typeof step === "number" && step > 0 && !isMultipleOf(value, step)
    ? `must be a multiple of ${step}`
    : "";
};

const formatNumber = (value: unknown): string => (typeof value === "number" ? String(value) : "");

/**
 * Edits a number. The text that the user types is not reformatted while it has the same value
 * (`1.0`, `1e3`) or cannot be sent.
 */
export const NumberControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const [typed, setTyped] = useState(() => formatNumber(value));
  const element = useRef<HTMLInputElement>(null);
  const isUnsent = typed !== "" && typeof value !== "number" && !isExactNumber(typed);
  const isSame = typed !== "" && Number(typed) === value;
  const text = isSame || isUnsent ? typed : formatNumber(value);
  const error = getValidationMessage(schema, text);
  const limits = getNumberLimits(schema);
  const { readOnly, ...rest } = attributes;
  const isRange =
    schema["x-widget"] === "range" && schema.minimum !== undefined && schema.maximum !== undefined;

  useEffect(() => {
    const input = element.current;
    if (input === null) return;
    input.setCustomValidity(error);
    if (isRange) return;
    // Removes the step if only the browser reports a mismatch. The browser compares all digits,
    // while the server tolerates rounding errors in the last bits of a double (0.1 + 0.2).
    input.step = String(limits.step);
    if (error === "" && input.validity.stepMismatch) input.step = "any";
  });

  const input = (
    <input
      {...rest}
      {...limits}
      ref={element}
      readOnly={readOnly}
      type={isRange ? "range" : "number"}
      data-unsent={isUnsent || undefined}
      placeholder={getPlaceholder(schema)}
      value={text}
      onChange={({ target }) => {
        setTyped(target.value);
        const isSendable = target.value !== "" && isExactNumber(target.value);
        onChange(isSendable ? target.valueAsNumber : getEmptyValue(schema));
      }}
    />
  );
  if (!isRange) return input;
  return (
    <span className="jf-range">
      {input}
      <output htmlFor={attributes.id}>{formatNumber(value)}</output>
    </span>
  );
};
