import { useState } from "react";
import type { DrawnSchema } from "../schema/drawn-schema.ts";
import { type ControlProps, emptied, placeholderOf } from "./control.ts";

const LARGEST = Number.MAX_SAFE_INTEGER;

/** The bounds as the browser has them: it counts steps from `min`, JSON Schema counts multiples from zero. */
export const numberLimits = (schema: DrawnSchema): { min?: number; max?: number; step: number | "any" } => {
  const isWhole =
    schema.type === "integer" || (Array.isArray(schema.type) && schema.type.includes("integer"));
  const step = schema.multipleOf ?? (isWhole ? 1 : undefined);
  const above = schema.exclusiveMinimum;
  const below = schema.exclusiveMaximum;
  const least = isWhole && above !== undefined ? Math.floor(above) + 1 : (above ?? schema.minimum);
  const most = isWhole && below !== undefined ? Math.ceil(below) - 1 : (below ?? schema.maximum);
  const min = least !== undefined && step !== undefined ? Math.ceil(least / step) * step : least;
  return {
    ...(min !== undefined && min > -LARGEST && { min }),
    ...(most !== undefined && most < LARGEST && { max: most }),
    step: step ?? "any",
  };
};

const asText = (value: unknown): string => (typeof value === "number" ? String(value) : "");

/** A number; what was typed stays as it was typed while it means the same (`1.0`, `1e3`). */
export const NumberControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const [typed, setTyped] = useState(() => asText(value));
  const isSame = typed !== "" && Number(typed) === value;
  const { readOnly, ...rest } = attributes;
  const isRange =
    schema["x-widget"] === "range" && schema.minimum !== undefined && schema.maximum !== undefined;
  const input = (
    <input
      {...rest}
      {...numberLimits(schema)}
      readOnly={readOnly}
      type={isRange ? "range" : "number"}
      placeholder={placeholderOf(schema)}
      value={isSame ? typed : asText(value)}
      onChange={({ target }) => {
        setTyped(target.value);
        onChange(target.value === "" ? emptied(schema) : target.valueAsNumber);
      }}
    />
  );
  if (!isRange) return input;
  return (
    <span className="jf-range">
      {input}
      <output htmlFor={attributes.id}>{asText(value)}</output>
    </span>
  );
};
