import { useEffect, useRef, useState } from "react";
import { findInexactNumber, formatInexactNumberMessage } from "../../../protocol/schema/exact-json.ts";
import { type ControlProps, getEmptyValue } from "./control.ts";

const formatJson = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value, null, 2));

/**
 * Parses JSON. Returns an error message if the text is invalid JSON, or contains a number that
 * JavaScript cannot represent exactly.
 */
export const parseJson = (text: string): { value: unknown } | { error: string } => {
  try {
    const value: unknown = JSON.parse(text);
    const inexact = findInexactNumber(text);
    return inexact === undefined ? { value } : { error: formatInexactNumberMessage(inexact) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { error: `Invalid JSON: ${reason}` };
  }
};

/**
 * Edits a value as JSON. It is used for values that no other control can edit. Text that is invalid
 * JSON blocks the submit.
 */
export const JsonControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const [typed, setTyped] = useState(() => formatJson(value));
  const [sent, setSent] = useState<unknown>(value);
  const element = useRef<HTMLTextAreaElement>(null);
  const text = Object.is(sent, value) ? typed : formatJson(value);
  const read = text.trim() === "" ? undefined : parseJson(text);
  const error = read !== undefined && "error" in read ? read.error : "";
  useEffect(() => element.current?.setCustomValidity(error), [error]);

  const change = (next: string) => {
    const parsed = next.trim() === "" ? { value: getEmptyValue(schema) } : parseJson(next);
    const nextSent = "value" in parsed ? parsed.value : sent;
    setTyped(next);
    setSent(nextSent);
    if ("value" in parsed) onChange(parsed.value);
  };
  return (
    <textarea
      {...attributes}
      ref={element}
      className="jf-json"
      rows={Math.min(20, Math.max(3, text.split("\n").length))}
      spellCheck={false}
      placeholder="JSON"
      data-unsent={error !== "" || undefined}
      value={text}
      onChange={({ target }) => change(target.value)}
    />
  );
};
