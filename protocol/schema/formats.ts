const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)(\.\d+)?)?(z|[+-]\d\d(:?\d\d)?)?$/i;
const BYTE = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";

function isDate(text: string): boolean {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isDateTime(text: string): boolean {
  return /^.{10}[t ]/i.test(text) && isDate(text.slice(0, 10)) && TIME.test(text.slice(11));
}

function isIpv6(text: string): boolean {
  return text.length <= 45 && /^[\da-f:.]+$/i.test(text) && text.split(":").length > 2;
}

const matches = (pattern: RegExp) => (text: string) => pattern.test(text);

/**
 * The formats against which a default is checked. They are less strict than those of the server, because they
 * only have to reject empty texts and placeholders. All other formats are annotations.
 */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: matches(TIME),
  "date-time": isDateTime,
  duration: matches(/^P(?=[\dT])(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/),
  email: matches(/^[^\s@]+@[^\s@]+$/),
  uri: matches(/^[a-z][a-z\d+.-]*:\S+$/i),
  uuid: matches(/^(urn:uuid:)?[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i),
  ipv4: matches(new RegExp(`^${BYTE}(\\.${BYTE}){3}$`)),
  ipv6: isIpv6,
  hostname: matches(/^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i),
  "json-pointer": matches(/^(\/|$)/),
};

/** Returns false only if a text certainly does not have the format. */
export function hasFormat(text: string, format: string): boolean {
  return Object.hasOwn(FORMATS, format) ? (FORMATS[format]?.(text) ?? true) : true;
}
