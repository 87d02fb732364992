import { _, type CodeKeywordDefinition, type FuncKeywordDefinition, Name } from "ajv";
import { isMultipleOf, isRawNumber } from "../../protocol/schema/exact-json.ts";
import type { StepMeter } from "./step-meter.ts";

type KeywordDefinition = Omit<CodeKeywordDefinition, "keyword"> | Omit<FuncKeywordDefinition, "keyword">;

/** The keyword with which `prepare-schema.ts` stores the cost of a subschema, in steps. */
export const STEPS_KEYWORD = "joblibSteps";

/**
 * Returns keywords that replace those of Ajv. This `multipleOf` has a tolerance for decimal
 * fractions. `uniqueItems`, `enum` and `const` compare canonical texts, because Ajv's keywords
 * compare every pair of items (5·10⁹ comparisons for 100,000 objects), and throw a TypeError for a
 * payload with a member named `toString` or `valueOf`.
 */
export function createKeywords(meter: StepMeter): Record<string, KeywordDefinition> {
  return {
    uniqueItems: {
      type: "array",
      schemaType: "boolean",
      errors: false,
      compile: (unique: boolean) => (items: unknown[]) => !unique || areUnique(items, meter),
    },
    enum: {
      schemaType: "array",
      errors: false,
      compile: (values: unknown[]) => isOneOf(values, meter),
    },
    const: {
      errors: false,
      compile: (value: unknown) => isOneOf([value], meter),
    },
    multipleOf: {
      type: "number",
      schemaType: "number",
      errors: false,
      compile: (step: number) => (value: number) => isMultipleOf(value, step),
    },
    // Runs before the other keywords of a subschema, so that their cost is charged before they run.
    [STEPS_KEYWORD]: {
      schemaType: "object",
      before: "$ref",
      code({ gen, schema, data }) {
        const counter = gen.scopeValue("obj", { ref: meter });
        const cost = gen.scopeValue("obj", { ref: schema });
        gen.code(_`${counter}.chargeValue(${cost}, ${data}, ${new Name("errors")})`);
      },
    },
  };
}

/** Returns a text that is the same for equal JSON values. Charges the meter for its length. */
function toCanonicalText(value: unknown, meter: StepMeter): string {
  // Raw numbers, which keep their exact text, occur only in schemas. Values of payloads never have
  // the text of a raw number, because payloads contain only numbers that JavaScript can represent.
  if (isRawNumber(value)) return value.rawJSON;
  if (!isComposite(value)) {
    const text = JSON.stringify(value) ?? "";
    meter.charge(1 + (text.length >> 5));
    return text;
  }
  if (Array.isArray(value)) return `[${value.map((item) => toCanonicalText(item, meter)).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  meter.charge(8 + 4 * members.length);
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${toCanonicalText(item, meter)}`).join(",")}}`;
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
  meter.start(Number.POSITIVE_INFINITY);
  const texts = new Set(values.map((value) => toCanonicalText(value, meter)));
  const hasComposites = values.some(isComposite);
  return (value) => (hasComposites || !isComposite(value)) && texts.has(toCanonicalText(value, meter));
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
