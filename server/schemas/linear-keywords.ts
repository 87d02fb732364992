import type { FuncKeywordDefinition } from "ajv";
import { isRawNumber } from "../../protocol/schema/exact-json.ts";
import type { StepMeter } from "./patterns/step-meter.ts";

/**
 * Returns keywords that replace Ajv's: `multipleOf` with a tolerance for decimals, and `uniqueItems`, `enum` and `const`
 * that compare canonical texts. Ajv compares every pair of items, which is 5·10⁹ comparisons for 100,000 objects, and
 * throws a TypeError for a payload with a member named `toString` or `valueOf`.
 */
export function createKeywords(meter: StepMeter): FuncKeywordDefinition[] {
  return [
    {
      keyword: "uniqueItems",
      type: "array",
      schemaType: "boolean",
      errors: false,
      compile: (unique: boolean) => (items: unknown[]) => !unique || areUnique(items, meter),
    },
    {
      keyword: "enum",
      schemaType: "array",
      errors: false,
      compile: (values: unknown[]) => isOneOf(values, meter),
    },
    {
      keyword: "multipleOf",
      type: "number",
      schemaType: "number",
      errors: false,
      compile: (step: number) => (value: number) => isMultiple(value, step),
    },
    { keyword: "const", errors: false, compile: (value: unknown) => isOneOf([value], meter) },
  ];
}

/**
 * Returns a text that is the same for equal JSON values, regardless of key order. Charges the meter for its
 * length.
 */
export function toCanonicalText(value: unknown, meter: StepMeter): string {
  // Raw numbers occur only in schemas. No payload value has the same text, because payloads contain only numbers that
  // JavaScript can represent.
  if (isRawNumber(value)) return value.rawJSON;
  if (typeof value !== "object" || value === null) {
    const text = JSON.stringify(value) ?? "";
    meter.charge(1 + (text.length >> 5));
    return text;
  }
  if (Array.isArray(value)) return `[${value.map((item) => toCanonicalText(item, meter)).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  meter.charge(8 + 4 * members.length);
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${toCanonicalText(item, meter)}`).join(",")}}`;
}

// 0.3 is a multiple of 0.1 in decimal notation, but the last bits of the floating-point quotient can differ.
function isMultiple(value: number, step: number): boolean {
  const quotient = value / step;
  // The quotient of a small value and a large step is close to 0, but the value is not a multiple.
  if (value !== 0 && Math.abs(quotient) < 0.5) return false;
  if (!Number.isFinite(quotient)) return value % step === 0;
  const tolerance = 4 * Number.EPSILON * Math.max(1, Math.abs(quotient));
  return Math.abs(quotient - Math.round(quotient)) <= tolerance;
}

function areUnique(items: readonly unknown[], meter: StepMeter): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = toCanonicalText(item, meter);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

function isOneOf(values: readonly unknown[], meter: StepMeter): (value: unknown) => boolean {
  const scalars = new Set(values.filter((value) => !isComposite(value)));
  const composite = values.filter(isComposite).filter((value) => !isRawNumber(value));
  meter.start(Number.POSITIVE_INFINITY);
  const texts = new Set(composite.map((value) => toCanonicalText(value, meter)));
  const hasArrays = composite.some((value) => Array.isArray(value));
  const hasObjects = composite.some((value) => !Array.isArray(value));
  return (value) => {
    if (!isComposite(value)) return scalars.has(value);
    return (Array.isArray(value) ? hasArrays : hasObjects) && texts.has(toCanonicalText(value, meter));
  };
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
