import { type ControlProps, emptied } from "./control.ts";

const two = (number: number): string => String(number).padStart(2, "0");

/** A moment as the reader's clock shows it, for `datetime-local`. */
export const toLocal = (iso: string): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

/** The moment that a clock time names here, with its zone: without one the server refuses it. */
export const fromLocal = (local: string): string => new Date(local).toISOString().replace(".000Z", "Z");

/** A date with a time, in the reader's own zone; the payload has it in UTC. */
export const DateTimeControl = ({ schema, value, attributes, onChange }: ControlProps) => (
  <span className="jf-moment">
    <input
      {...attributes}
      type="datetime-local"
      step={1}
      value={typeof value === "string" ? toLocal(value) : ""}
      onChange={({ target }) => onChange(target.value === "" ? emptied(schema) : fromLocal(target.value))}
    />
    <span className="jf-unit">{Intl.DateTimeFormat().resolvedOptions().timeZone}</span>
  </span>
);
