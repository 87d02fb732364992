import { type JsonValue, toCanonicalJson } from "../../../protocol/json.ts";
import { isRoundedInteger } from "../../../protocol/schema/exact-json.ts";
import { FORM_KEYWORDS, type FormSchema } from "../schema/form-schema.ts";
import { formatValue } from "../schema/prepare-scalar.ts";

/** One value of an `enum`, as the form shows it. */
export interface Choice {
  readonly index: number;
  readonly label: string;
  /**
   * True if the value is a number that JavaScript cannot represent exactly, so that the form cannot
   * send it.
   */
  readonly isDisabled: boolean;
}

const getValues = (schema: FormSchema): readonly JsonValue[] => schema.enum ?? [];

/**
 * Makes labels unique by adding the value as JSON. Without this, 1 and "1" would have the same
 * label.
 */
const makeUnique = (labels: readonly string[], values: readonly JsonValue[]): string[] => {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.map((label, index) => {
    if (counts.get(label) === 1) return label;
    const value = values[index] ?? null;
    return formatValue(value) === label ? JSON.stringify(value) : `${label} (${JSON.stringify(value)})`;
  });
};

/** Returns the choices of a schema's `enum`, in the order of the `enum`. */
export const listChoices = (schema: FormSchema): Choice[] => {
  const values = getValues(schema);
  const labelList: unknown = schema[FORM_KEYWORDS.labels];
  const ownLabels = Array.isArray(labelList) ? labelList : [];
  const labels = values.map((value, index) => String(ownLabels[index] ?? formatValue(value)));
  return makeUnique(labels, values).map((label, index) => {
    const isDisabled = isRoundedInteger(values[index]);
    return { index, label: isDisabled ? `${label} (number too large to send exactly)` : label, isDisabled };
  });
};

/**
 * Returns the index of a value in a schema's `enum`, or -1 if the `enum` does not contain the
 * value.
 */
export const findChoiceIndex = (schema: FormSchema, value: unknown): number => {
  if (value === undefined) return -1;
  const values = getValues(schema);
  if (typeof value !== "object" || value === null) return values.indexOf(value as JsonValue);
  const text = toCanonicalJson(value as JsonValue);
  return values.findIndex((choice) => typeof choice === "object" && toCanonicalJson(choice) === text);
};
