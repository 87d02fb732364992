import * as z from "zod";

const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:[Zz]|([+-])(\d{2})(?::?(\d{2}))?)?$/;
const NUMBER = "[+-]?\\d+(?:\\.\\d+)?";
const DURATION = new RegExp(
  `^[+-]?P(?=[+\\-\\dT])(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}W)?(?:${NUMBER}D)?` +
    `(?:T(?=[+\\-\\d])(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}S)?)?$`,
);
const MINUTES_PER_DAY = 24 * 60;

/**
 * Returns true for `YYYY-MM-DD` if the day exists in the Gregorian calendar (RFC 3339, full-date).
 */
export function isDate(text: string): boolean {
  return z.regexes.date.test(text);
}

/**
 * Returns true for `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f…`, with an optional offset: `Z`, `±hh:mm`,
 * `±hhmm` or `±hh`. This is the full-time of RFC 3339 with optional seconds and offset. A leap
 * second is accepted only at 23:59:60 UTC, or at 23:59:60 if there is no offset.
 */
export function isTime(text: string): boolean {
  const match = TIME.exec(text);
  if (match === null) return false;
  const [, hour = 0, minute = 0, second = 0, , offsetHour = 0, offsetMinute = 0] = match.map(toNumber);
  if (hour > 23 || minute > 59 || offsetHour > 23 || offsetMinute > 59) return false;
  if (second < 60) return true;
  const offset = (offsetHour * 60 + offsetMinute) * (match[4] === "-" ? -1 : 1);
  const minuteInUtc = (hour * 60 + minute - offset + 2 * MINUTES_PER_DAY) % MINUTES_PER_DAY;
  return second === 60 && minuteInUtc === MINUTES_PER_DAY - 1;
}

/**
 * Returns true for a date and a time joined by `T`, `t` or one space. The offset is optional,
 * because Python's `datetime.isoformat()` and Java's `LocalDateTime` write none.
 */
export function isDateTime(text: string): boolean {
  return /^.{10}[Tt ]/.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

/**
 * Returns true for an ISO 8601 duration such as `P1DT2H`. Also accepts the extensions of Python and
 * Java: a sign (`-P1D`, `PT-6H`), fractions (`PT0.5S`), and weeks combined with other units.
 */
export function isDuration(text: string): boolean {
  return DURATION.test(text);
}

function toNumber(digits: string | undefined): number {
  return Number(digits ?? 0);
}

/**
 * The formats of JSON Schema that are checked in the default values of a job's schema. All other
 * formats are ignored. The checks are less strict than the server's checks of payloads, because
 * they only have to reject empty strings and placeholders.
 */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  "date-time": isDateTime,
  duration: isDuration,
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: (text) => /^[a-z][a-z\d+.-]*:\S+$/i.test(text),
  uuid: (text) => /^(urn:uuid:)?[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i.test(text),
  ipv4: (text) => z.regexes.ipv4.test(text),
  ipv6: (text) => text.length <= 45 && /^[\da-f:.]+$/i.test(text) && text.split(":").length > 2,
  hostname: (text) => /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(text),
  "json-pointer": (text) => /^(\/|$)/.test(text),
};

/** Returns false only if the text certainly violates the format. */
export function hasFormat(text: string, format: string): boolean {
  return Object.hasOwn(FORMATS, format) ? (FORMATS[format]?.(text) ?? true) : true;
}
