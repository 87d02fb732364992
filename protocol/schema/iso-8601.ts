const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME_SEPARATOR = 10;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:[Zz]|([+-])(\d{2})(?::?(\d{2}))?)?$/;
const NUMBER = "[+-]?\\d+(?:\\.\\d+)?";
const DURATION = new RegExp(
  `^[+-]?P(?=[+\\-\\dT])(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}W)?(?:${NUMBER}D)?` +
    `(?:T(?=[+\\-\\d])(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}S)?)?$`,
);
const MINUTES_PER_DAY = 24 * 60;

/** Returns true for `YYYY-MM-DD` if the day exists in the Gregorian calendar (RFC 3339, full-date). */
export function isDate(text: string): boolean {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= getDaysInMonth(year, month);
}

/**
 * Returns true for `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f…`, with an optional offset: `Z`, `±hh:mm`, `±hhmm` or `±hh`.
 * This is the full-time of RFC 3339 with optional seconds and offset. A leap second is accepted only at 23:59:60 UTC, or
 * at 23:59:60 if there is no offset.
 */
export function isTime(text: string): boolean {
  const match = TIME.exec(text);
  if (match === null) return false;
  const [hour = 0, minute = 0, second = 0] = match.slice(1, 4).map(toNumber);
  const [offsetHour = 0, offsetMinute = 0] = match.slice(5, 7).map(toNumber);
  if (hour > 23 || minute > 59 || offsetHour > 23 || offsetMinute > 59) return false;
  if (second < 60) return true;
  const offset = (offsetHour * 60 + offsetMinute) * (match[4] === "-" ? -1 : 1);
  const minuteInUtc = (hour * 60 + minute - offset + 2 * MINUTES_PER_DAY) % MINUTES_PER_DAY;
  return second === 60 && minuteInUtc === MINUTES_PER_DAY - 1;
}

/**
 * Returns true for a date and a time joined by `T`, `t` or one space. The offset is optional, because Python's
 * `datetime.isoformat()` and Java's `LocalDateTime` write none.
 */
export function isDateTime(text: string): boolean {
  const separator = text[DATE_TIME_SEPARATOR];
  const isSeparated = separator === "T" || separator === "t" || separator === " ";
  return (
    isSeparated && isDate(text.slice(0, DATE_TIME_SEPARATOR)) && isTime(text.slice(DATE_TIME_SEPARATOR + 1))
  );
}

/**
 * Returns true for an ISO 8601 duration such as `P1DT2H`. Also accepts the extensions of Python and Java: a sign
 * (`-P1D`, `PT-6H`), fractions (`PT0.5S`), and weeks combined with other units.
 */
export function isDuration(text: string): boolean {
  return DURATION.test(text);
}

function toNumber(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits);
}

function getDaysInMonth(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return isLeapYear ? 29 : 28;
}
