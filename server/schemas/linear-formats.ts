import type { Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import type { StepMeter } from "./step-meter.ts";

// Measured at this length against texts made to backtrack: the slowest takes 3 ms. Its `url` takes 60 and is no
// format of JSON Schema, so it is left to those that are unknown and ignored.
const longestText = 10_000;

const texts = [
  "date",
  "time",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uri",
  "uri-reference",
  "uri-template",
  "uuid",
  "json-pointer",
  "json-pointer-uri-fragment",
  "relative-json-pointer",
  "regex",
] as const;

// A picture comes as a data: URI, and files as base64: these may be longer, and are then only read for their characters.
const longTexts: Readonly<Record<string, RegExp>> = {
  uri: /^[a-z][a-z0-9+.-]*:[!-~]*$/i,
  "uri-reference": /^[!-~]*$/,
};

/** The formats that are checked, each in time linear in the text; all others are annotations. */
export function linearFormats(meter: StepMeter): Record<string, Format> {
  const formats: Record<string, Format> = {
    byte: (text: string) => {
      meter.charge(text.length >> 3);
      return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
    },
    int32: { type: "number", validate: (value: number) => Number.isInteger(value) && value === (value | 0) },
    int64: { type: "number", validate: (value: number) => Number.isInteger(value) },
  };
  for (const name of texts) {
    const test = tester(fullFormats[name]);
    formats[name] = (text: string) => {
      meter.charge(1 + (text.length >> 3));
      return text.length <= longestText ? test(text) : (longTexts[name]?.test(text) ?? false);
    };
  }
  return formats;
}

function tester(format: unknown): (text: string) => boolean {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return (text) => format(text) === true;
  if (typeof format === "object" && format !== null && "validate" in format) return tester(format.validate);
  throw new Error("ajv-formats has no such check");
}
