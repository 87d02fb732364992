import { useState } from "react";
import type { JsonValue } from "../../protocol/index.ts";

/** Number of members or items that are shown at first. A button shows more. */
const INITIAL_ENTRIES = 100;
/** Maximum number of shown characters of a string. Longer strings are truncated. */
const MAX_CHARACTERS = 400;

const Scalar = ({ value }: { readonly value: string | number | boolean | null }) => {
  if (typeof value !== "string") return <span className="json-scalar">{String(value)}</span>;
  const text = JSON.stringify(value);
  return (
    <span
      className="json-string"
      title={text.length > MAX_CHARACTERS ? `${value.length} characters` : undefined}
    >
      {text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…"` : text}
    </span>
  );
};

const getEntries = (value: JsonValue[] | { [key: string]: JsonValue }): [string, JsonValue][] =>
  Array.isArray(value) ? value.map((item, index) => [String(index), item]) : Object.entries(value);

/** Shows a JSON value as a tree. Its nodes can be expanded and collapsed. */
export const JsonTree = ({
  value,
  name,
  isOpen = true,
}: {
  readonly value: JsonValue;
  readonly name?: string;
  readonly isOpen?: boolean;
}) => {
  const [shown, setShown] = useState(INITIAL_ENTRIES);
  const label = name === undefined ? null : <span className="json-key">{name}: </span>;
  if (typeof value !== "object" || value === null) {
    return (
      <div className="json-leaf">
        {label}
        <Scalar value={value} />
      </div>
    );
  }
  const entries = getEntries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) {
    return (
      <div className="json-leaf">
        {label}
        <span className="json-scalar">{Array.isArray(value) ? "[]" : "{}"}</span>
      </div>
    );
  }
  return (
    <details className="json-node" open={isOpen}>
      <summary>
        {label}
        <span className="quiet">{size}</span>
      </summary>
      {entries.slice(0, shown).map(([key, member]) => (
        <JsonTree key={key} name={key} value={member} isOpen={entries.length <= 12} />
      ))}
      {entries.length > shown && (
        <button type="button" className="button button-small" onClick={() => setShown(shown * 5)}>
          Show {entries.length - shown} more
        </button>
      )}
    </details>
  );
};
