import { type ControlProps, getEmptyValue } from "./control.ts";

const padTwoDigits = (number: number): string => String(number).padStart(2, "0");

/**
 * Converts an ISO 8601 time to the user's time zone, in the format of the input type
 * `datetime-local`. Returns an empty string if the time is invalid.
 */
export const toLocalTime = (iso: string): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${padTwoDigits(date.getMonth() + 1)}-${padTwoDigits(date.getDate())}`;
  return `${day}T${padTwoDigits(date.getHours())}:${padTwoDigits(date.getMinutes())}:${padTwoDigits(date.getSeconds())}`;
};

/** Returns true for a date and time without an offset, which belongs to no time zone. */
export const hasNoOffset = (text: string): boolean => !/(z|[+-]\d\d(:?\d\d)?)$/i.test(text);

/** Converts a time in the user's time zone to UTC. */
export const fromLocalTime = (local: string): string => new Date(local).toISOString().replace(".000Z", "Z");

const withSeconds = (local: string): string => (/T\d\d:\d\d$/.test(local) ? `${local}:00` : local);

/**
 * Edits a date and time. If the value or the default has no offset, the edited time has no offset
 * either. All other times are shown in the user's time zone and sent in UTC.
 */
export const DateTimeControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const model: unknown = typeof value === "string" ? value : schema.default;
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
