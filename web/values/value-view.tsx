import { type ReactNode, useState } from "react";
import type { JsonValue } from "../../protocol/index.ts";
import { CopyButton } from "../design/copy.tsx";
import { JsonTree } from "./json-tree.tsx";
import { getValueKind } from "./value-kind.ts";
import { ValueTable } from "./value-table.tsx";

/** Maximum nesting depth of lists of names and values. Deeper objects are shown as trees. */
const MAX_DEPTH = 3;

/**
 * Returns true if a value needs the whole width: an image, a table, an object, a list, or a text of
 * several lines.
 */
const isWide = (value: JsonValue): boolean => {
  const { kind } = getValueKind(value);
  return kind !== "text" || (typeof value === "string" && value.includes("\n"));
};

/** Sorts short values before values that need the whole width. */
const sortByWidth = (members: readonly (readonly [string, JsonValue])[]) =>
  members.toSorted(([, a], [, b]) => Number(isWide(a)) - Number(isWide(b)));

const RenderedValue = ({
  value,
  name,
  depth,
}: {
  readonly value: JsonValue;
  readonly name: string;
  readonly depth: number;
}) => {
  const kind = getValueKind(value);
  switch (kind.kind) {
    case "image":
      return (
        <a
          href={kind.source}
          download={`${name}.${/image\/(\w+)/.exec(kind.source)?.[1] ?? "png"}`}
          className="value-image"
        >
          <img src={kind.source} alt={name} />
        </a>
      );
    case "table":
      return <ValueTable rows={kind.rows} columns={kind.columns} />;
    case "text":
      return /\n/.test(kind.text) ? (
        <pre className="value-text">{kind.text}</pre>
      ) : (
        <span className={typeof value === "string" ? "value-line" : "value-line figure"}>
          {kind.text === "" ? <span className="quiet">empty text</span> : kind.text}
        </span>
      );
    case "record":
      if (depth >= MAX_DEPTH) return <JsonTree value={value} isOpen={false} />;
      return (
        <dl className="record">
          {sortByWidth(kind.members).map(([key, member]) => (
            <div key={key} {...(isWide(member) && { className: "is-wide" })}>
              <dt>{key}</dt>
              <dd>
                <RenderedValue value={member} name={key} depth={depth + 1} />
              </dd>
            </div>
          ))}
        </dl>
      );
    case "tree":
      return <JsonTree value={value} />;
  }
};

/**
 * Shows any JSON value. Shows images as images and lists of objects as tables. A button switches to
 * the JSON.
 */
export const ValueView = ({
  value,
  name,
  heading,
}: {
  readonly value: JsonValue;
  readonly name: string;
  readonly heading?: ReactNode;
}) => {
  const [isRaw, setRaw] = useState(false);
  const json = () => JSON.stringify(value, null, 2);
  return (
    <div className="value">
      <div className="value-tools">
        <span className="value-heading">{heading}</span>
        <button
          type="button"
          className="link-button small"
          aria-pressed={isRaw}
          onClick={() => setRaw(!isRaw)}
        >
          JSON
        </button>
        <CopyButton text={json()} what={`the ${name}`} />
      </div>
      {isRaw ? (
        <pre className="value-text">{json()}</pre>
      ) : (
        <RenderedValue value={value} name={name} depth={0} />
      )}
    </div>
  );
};
