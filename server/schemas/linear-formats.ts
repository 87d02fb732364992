import type { Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { isDate, isDateTime, isDuration, isTime } from "../../protocol/schema/formats.ts";
import type { StepMeter } from "./step-meter.ts";

type TestText = (text: string) => boolean;

// Maximum length of a text whose format is checked completely, in characters. At this length, the
// slowest check takes 3 ms for a text that maximizes backtracking. The format `url` is not checked,
// because its check in ajv-formats would take 60 ms, and JSON Schema does not define this format.
const MAX_TEXT_LENGTH = 10_000;

const isAsciiEmail = toTest(fullFormats.email);
const isAsciiUri = toTest(fullFormats.uri);
const isAsciiUriReference = toTest(fullFormats["uri-reference"]);
const isIpv6Address = toTest(fullFormats.ipv6);
// The formats that are checked exactly as ajv-formats does.
const FORMATS_OF_AJV = [
  ...(["hostname", "ipv4", "uri-template", "uuid"] as const),
  ...(["json-pointer", "json-pointer-uri-fragment", "relative-json-pointer"] as const),
];

const FORMAT_TESTS: Readonly<Record<string, TestText>> = {
  ...Object.fromEntries(FORMATS_OF_AJV.map((name) => [name, toTest(fullFormats[name])])),
  date: isDate,
  time: isTime,
  "iso-time": isTime,
  "date-time": isDateTime,
  "iso-date-time": isDateTime,
  duration: isDuration,
  email: (text) => isAsciiEmail(toAscii(text)),
  // Removes the zone of an address, as in fe80::1%eth0 (RFC 4007, section 11), because Python's
  // IPv6Address accepts zones.
  ipv6: (text) => isIpv6Address(text.replace(/%[\w.-]+$/, "")),
  uri: (text) => isAsciiUri(dropExtraPorts(toAscii(text))),
  "uri-reference": (text) => isAsciiUriReference(dropExtraPorts(toAscii(text))),
};

// Checks only the characters of texts that are longer than `MAX_TEXT_LENGTH`, such as a `data:` URI
// with an image.
const LONG_TEXTS: Readonly<Record<string, RegExp>> = {
  uri: /^[a-z][a-z0-9+.-]*:[!-~\u0080-\u{10ffff}]*$/iu,
  "uri-reference": /^[!-~\u0080-\u{10ffff}]*$/u,
};

/**
 * Returns the formats that the server checks, each in linear time. All other formats are ignored,
 * including `regex`, because programs in Python and Java use it for patterns in their own syntax.
 */
export function createFormats(meter: StepMeter): Record<string, Format> {
  const formats: Record<string, Format> = {
    byte: (text: string) => {
      meter.charge(text.length >> 3);
      return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
    },
    int32: { type: "number", validate: (value: number) => Number.isInteger(value) && value === (value | 0) },
    int64: { type: "number", validate: (value: number) => Number.isInteger(value) },
  };
  for (const [name, test] of Object.entries(FORMAT_TESTS)) {
    formats[name] = (text: string) => {
      meter.charge(1 + (text.length >> 3));
      return text.length <= MAX_TEXT_LENGTH ? test(text) : (LONG_TEXTS[name]?.test(text) ?? false);
    };
  }
  return formats;
}

// Replaces non-ASCII characters with `a`. The checks of ajv-formats accept only ASCII (RFC 5321,
// RFC 3986), but pydantic's EmailStr, zod's `z.url()` and browsers also accept international
// addresses (RFC 6531, RFC 3987) for the same formats.
function toAscii(text: string): string {
  return text.replace(/[\u0080-\u{10ffff}]/gu, "a");
}

// Removes all ports except the last one: a database URL can list several servers with ports
// (postgres://a:5432,b:5432/x), which is not a valid URI.
function dropExtraPorts(uri: string): string {
  return uri.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, (start) => start.replace(/:\d+,/g, ","));
}

function toTest(format: unknown): TestText {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return (text) => format(text) === true;
  throw new Error("ajv-formats does not define this format");
}
