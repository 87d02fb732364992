import { useEffect, useRef, useState } from "react";
import { findInexactNumber, formatInexactNumberMessage } from "../../../protocol/exact-number.ts";
import { type ControlProps, getEmptyValue } from "./control.ts";

const formatJson = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value, null, 2));

/** Reads JSON, or says in one line why it cannot be sent. */
export const parseJson = (text: string): { value: unknown } | { complaint: string } => {
  try {
    const value: unknown = JSON.parse(text);
    const inexact = findInexactNumber(text);
    return inexact === undefined ? { value } : { complaint: formatInexactNumberMessage(inexact) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { complaint: `This is not JSON: ${reason}` };
  }
};

/** A value that no field can be drawn for, as JSON; what cannot be read holds the form back. */
export const JsonControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const [typed, setTyped] = useState(() => formatJson(value));
  const [sent, setSent] = useState<unknown>(value);
  const element = useRef<HTMLTextAreaElement>(null);
  const text = Object.is(sent, value) ? typed : formatJson(value);
  const read = text.trim() === "" ? undefined : parseJson(text);
  const complaint = read !== undefined && "complaint" in read ? read.complaint : "";
  useEffect(() => element.current?.setCustomValidity(complaint), [complaint]);

  const change = (next: string) => {
    const answer = next.trim() === "" ? { value: getEmptyValue(schema) } : parseJson(next);
    const kept = "value" in answer ? answer.value : sent;
    setTyped(next);
    setSent(kept);
    if ("value" in answer) onChange(answer.value);
  };
  return (
    <textarea
      {...attributes}
      ref={element}
      className="jf-json"
      rows={Math.min(20, Math.max(3, text.split("\n").length))}
      spellCheck={false}
      placeholder="JSON"
      data-unsent={complaint !== "" || undefined}
      value={text}
      onChange={({ target }) => change(target.value)}
    />
  );
};
