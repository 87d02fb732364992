import { toCanonicalJson } from "../../../protocol/canonical-json.ts";
import { isRoundedInteger } from "../../../protocol/exact-number.ts";
import type { JsonValue } from "../../../protocol/json.ts";
import { FORM_KEYWORDS, type FormSchema } from "../schema/form-schema.ts";
import { formatValue } from "../schema/prepare-scalar.ts";

/** One value of an `enum`, as it is offered. */
export interface Choice {
  readonly index: number;
  readonly label: string;
  /** It cannot be sent as the schema has it. */
  readonly isDisabled: boolean;
}

const getValues = (schema: FormSchema): readonly JsonValue[] => schema.enum ?? [];

/** Labels that several values share are followed by the value as JSON: 1 and "1" read the same otherwise. */
const distinguish = (labels: readonly string[], values: readonly JsonValue[]): string[] => {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.map((label, index) => {
    if (counts.get(label) === 1) return label;
    const value = values[index] ?? null;
    return formatValue(value) === label ? JSON.stringify(value) : `${label} (${JSON.stringify(value)})`;
  });
};

/** Returns the choices of a schema's `enum`, in its order. */
export const listChoices = (schema: FormSchema): Choice[] => {
  const values = getValues(schema);
  const given: unknown = schema[FORM_KEYWORDS.labels];
  const named = Array.isArray(given) ? given : [];
  const labels = values.map((value, index) => String(named[index] ?? formatValue(value)));
  return distinguish(labels, values).map((label, index) => {
    const isDisabled = isRoundedInteger(values[index]);
    return { index, label: isDisabled ? `${label} (too large to be sent exactly)` : label, isDisabled };
  });
};

/** Returns the place of a value in a schema's `enum`; -1 if it is none of them. */
export const findChoiceIndex = (schema: FormSchema, value: unknown): number => {
  if (value === undefined) return -1;
  const values = getValues(schema);
  if (typeof value !== "object" || value === null) return values.indexOf(value as JsonValue);
  const text = toCanonicalJson(value as JsonValue);
  return values.findIndex((choice) => typeof choice === "object" && toCanonicalJson(choice) === text);
};
