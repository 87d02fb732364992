import { useEffect, useId, useRef, useState } from "react";
import type { JsonObject } from "../../../protocol/json.ts";
import { parseJson } from "../leaf/json-control.tsx";
import { isJsonObject } from "../schema/form-schema.ts";

/**
 * Parses a payload. Returns an error message if the text is not a JSON object, or contains a number
 * that JavaScript cannot represent exactly.
 */
export const parsePayload = (text: string): { payload: JsonObject } | { error: string } => {
  const read = parseJson(text.trim() === "" ? "{}" : text);
  if ("error" in read) return read;
  return isJsonObject(read.value)
    ? { payload: read.value }
    : { error: 'The payload must be a JSON object, for example {"steps": 10}.' };
};

export interface PayloadTextProps {
  readonly initial: JsonObject;
  readonly onChange: (payload: JsonObject) => void;
}

/** Edits the whole payload as JSON. Text that is invalid JSON blocks the submit. */
export const PayloadText = ({ initial, onChange }: PayloadTextProps) => {
  const id = useId();
  const [text, setText] = useState(() => JSON.stringify(initial, null, 2));
  const area = useRef<HTMLTextAreaElement>(null);
  const read = parsePayload(text);
  const error = "error" in read ? read.error : "";
  useEffect(() => area.current?.setCustomValidity(error), [error]);
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
        aria-invalid={error !== "" || undefined}
        aria-describedby={error === "" ? undefined : `${id}.error`}
        value={text}
        onInvalid={(event) => event.preventDefault()}
        onChange={({ target }) => {
          setText(target.value);
          const next = parsePayload(target.value);
          if ("payload" in next) onChange(next.payload);
        }}
      />
      {error !== "" && (
        <p className="jf-error" id={`${id}.error`}>
          {error}
        </p>
      )}
    </div>
  );
};
