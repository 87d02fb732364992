import { type ControlProps, getEmptyValue } from "./control.ts";

const padTwoDigits = (number: number): string => String(number).padStart(2, "0");

/** A moment as the reader's clock shows it, for `datetime-local`. */
export const toLocalTime = (iso: string): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${padTwoDigits(date.getMonth() + 1)}-${padTwoDigits(date.getDate())}`;
  return `${day}T${padTwoDigits(date.getHours())}:${padTwoDigits(date.getMinutes())}:${padTwoDigits(date.getSeconds())}`;
};

/** Returns true for a date and time without an offset: ISO 8601 leaves open in which zone it is. */
export const hasNoOffset = (text: string): boolean => !/(z|[+-]\d\d(:?\d\d)?)$/i.test(text);

/** Returns the moment that a clock time names here, in UTC. */
export const fromLocalTime = (local: string): string => new Date(local).toISOString().replace(".000Z", "Z");

const withSeconds = (local: string): string => (/T\d\d:\d\d$/.test(local) ? `${local}:00` : local);

/**
 * A date with a time. A value or a default without an offset stays without one; all others are shown in the reader's own
 * zone, and sent in UTC.
 */
export const DateTimeControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const standard: unknown = schema.default;
  const model = typeof value === "string" ? value : standard;
  const hasNoZone = typeof model === "string" && toLocalTime(model) !== "" && hasNoOffset(model);
  const read = (local: string): string => (hasNoZone ? withSeconds(local) : fromLocalTime(local));
  return (
    <span className="jf-moment">
      <input
        {...attributes}
        type="datetime-local"
        step={1}
        value={typeof value === "string" ? toLocalTime(value) : ""}
        onChange={({ target }) => onChange(target.value === "" ? getEmptyValue(schema) : read(target.value))}
      />
      {!hasNoZone && <span className="jf-unit">{Intl.DateTimeFormat().resolvedOptions().timeZone}</span>}
    </span>
  );
};
