import { useEffect, useId, useRef, useState } from "react";
import type { JsonObject } from "../../protocol/json.ts";
import { parseJson } from "./leaf/json-control.tsx";
import { isJsonObject } from "./schema/form-schema.ts";

/** A payload as it is sent, or why a text is none. */
export const parsePayload = (text: string): { payload: JsonObject } | { complaint: string } => {
  const read = parseJson(text.trim() === "" ? "{}" : text);
  if ("complaint" in read) return read;
  return isJsonObject(read.value)
    ? { payload: read.value }
    : { complaint: "A payload is a JSON object: { … }" };
};

/** What the payload's text is given. */
export interface PayloadTextProps {
  readonly initial: JsonObject;
  readonly onChange: (payload: JsonObject) => void;
}

/** The whole payload as JSON; what cannot be read holds the form back. */
export const PayloadText = ({ initial, onChange }: PayloadTextProps) => {
  const id = useId();
  const [text, setText] = useState(() => JSON.stringify(initial, null, 2));
  const area = useRef<HTMLTextAreaElement>(null);
  const read = parsePayload(text);
  const complaint = "complaint" in read ? read.complaint : "";
  useEffect(() => area.current?.setCustomValidity(complaint), [complaint]);
  return (
    <div className="jf-field" data-pointer="">
      <label className="jf-label" htmlFor={id}>
        Payload, as JSON
      </label>
      <textarea
        ref={area}
        id={id}
        className="jf-json"
        rows={Math.min(24, Math.max(8, text.split("\n").length + 1))}
        spellCheck={false}
        aria-invalid={complaint !== "" || undefined}
        aria-describedby={complaint === "" ? undefined : `${id}.fault`}
        value={text}
        onInvalid={(event) => event.preventDefault()}
        onChange={({ target }) => {
          setText(target.value);
          const next = parsePayload(target.value);
          if ("payload" in next) onChange(next.payload);
        }}
      />
      {complaint !== "" && (
        <p className="jf-fault" id={`${id}.fault`}>
          {complaint}
        </p>
      )}
    </div>
  );
};
