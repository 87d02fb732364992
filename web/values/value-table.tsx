import { useState } from "react";
import type { JsonObject, JsonValue } from "../../protocol/index.ts";

/** Number of rows that are shown at first. A button shows more. */
const INITIAL_ROWS = 50;

const formatCell = (value: JsonValue | undefined): string =>
  value === undefined || value === null
    ? ""
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);

const isNumeric = (rows: readonly JsonObject[], column: string) =>
  rows.every((row) => row[column] === undefined || row[column] === null || typeof row[column] === "number");

/** Shows a list of similar objects as a table. */
export const ValueTable = ({
  rows,
  columns,
}: {
  readonly rows: readonly JsonObject[];
  readonly columns: readonly string[];
}) => {
  const [shown, setShown] = useState(INITIAL_ROWS);
  const numeric = new Set(columns.filter((column) => isNumeric(rows, column)));
  // Columns with text come before columns with numbers, because text usually identifies a row.
  const ordered = [...columns.filter((column) => !numeric.has(column)), ...numeric];
  return (
    <div className="value-table">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it */}
      <section className="scroll-x" tabIndex={0} aria-label="Table, scrollable">
        <table>
          <thead>
            <tr>
              {ordered.map((column) => (
                <th key={column} scope="col" className={numeric.has(column) ? "is-number" : undefined}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no ids and keep their order
              <tr key={index}>
                {ordered.map((column) => (
                  <td key={column} className={numeric.has(column) ? "is-number figure" : undefined}>
                    {formatCell(row[column])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > shown && (
        <button type="button" className="button button-small" onClick={() => setShown(shown * 10)}>
          Show {(rows.length - shown).toLocaleString("en")} more rows
        </button>
      )}
    </div>
  );
};
