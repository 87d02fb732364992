import type { Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { isDate, isDateTime, isDuration, isTime } from "../../protocol/iso-8601.ts";
import type { StepMeter } from "./step-meter.ts";

type Test = (text: string) => boolean;

// At this length, the slowest of these checks takes 3 ms on a text made to backtrack. The check for `url` in
// ajv-formats takes 60 ms. It is not a format of JSON Schema, so it is ignored like every unknown format.
const MAX_TEXT_LENGTH = 10_000;

const tests: Readonly<Record<string, Test>> = {
  date: isDate,
  time: isTime,
  "iso-time": isTime,
  "date-time": isDateTime,
  "iso-date-time": isDateTime,
  duration: isDuration,
  email: isEmail,
  hostname: toTest(fullFormats.hostname),
  ipv4: toTest(fullFormats.ipv4),
  ipv6: isIpv6,
  uri: isUri,
  "uri-reference": isUriReference,
  "uri-template": toTest(fullFormats["uri-template"]),
  uuid: toTest(fullFormats.uuid),
  "json-pointer": toTest(fullFormats["json-pointer"]),
  "json-pointer-uri-fragment": toTest(fullFormats["json-pointer-uri-fragment"]),
  "relative-json-pointer": toTest(fullFormats["relative-json-pointer"]),
};

// A data: URI may carry a whole image. Beyond the length above, only the characters of a URI are checked.
const longTexts: Readonly<Record<string, RegExp>> = {
  uri: /^[a-z][a-z0-9+.-]*:[!-~\u0080-\u{10ffff}]*$/iu,
  "uri-reference": /^[!-~\u0080-\u{10ffff}]*$/u,
};

const isAsciiEmail = toTest(fullFormats.email);
const isAsciiUri = toTest(fullFormats.uri);
const isAsciiUriReference = toTest(fullFormats["uri-reference"]);
const isIpv6Address = toTest(fullFormats.ipv6);
const NON_ASCII = /[\u0080-\u{10ffff}]/gu;

/**
 * The formats that the server checks, each in time linear in the text. Every other format is an annotation. `regex` is
 * one too: a Python or Java program writes the patterns of its own language there.
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
  for (const [name, test] of Object.entries(tests)) {
    formats[name] = (text: string) => {
      meter.charge(1 + (text.length >> 3));
      return text.length <= MAX_TEXT_LENGTH ? test(text) : (longTexts[name]?.test(text) ?? false);
    };
  }
  return formats;
}

// The formats of RFC 5321 and RFC 3986 are ASCII, but pydantic's EmailStr, zod's `z.url()` and browsers accept
// international addresses (RFC 6531, RFC 3987) under the same names.
function toAscii(text: string): string {
  return text.replace(NON_ASCII, "a");
}

function isEmail(text: string): boolean {
  return isAsciiEmail(toAscii(text));
}

function isUri(text: string): boolean {
  return isAsciiUri(withOneHost(toAscii(text)));
}

function isUriReference(text: string): boolean {
  return isAsciiUriReference(withOneHost(toAscii(text)));
}

// A database URL may list several hosts, each with a port: postgres://a:5432,b:5432/x.
function withOneHost(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i, (_, scheme: string, authority: string) => {
    return scheme + authority.replace(/:\d+,/g, ",");
  });
}

// Python's IPv6Address keeps a zone: fe80::1%eth0 (RFC 4007, section 11).
function isIpv6(text: string): boolean {
  return isIpv6Address(text.replace(/%[\w.-]+$/, ""));
}

function toTest(format: unknown): Test {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return (text) => format(text) === true;
  throw new Error("ajv-formats has no such check");
}
