import { escapeLine } from "./sanitize.ts";
import { getTextWidth, pad, truncate, truncateStart } from "./text-width.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** True if cells may be truncated to the width of the terminal. */
  readonly flexible?: boolean;
  /** Which end of a text is truncated. Default: `end`. */
  readonly truncateAt?: "start" | "end";
  /** Colors the text of a cell after padding. */
  readonly paint?: (padded: string, row: Row) => string;
}

/** The maximum width of a table, and the style of its headings. */
export interface TableStyle {
  /** Width in columns. Undefined for a pipe or a file; text is then not truncated. */
  readonly width: number | undefined;
  readonly heading: (text: string) => string;
}

const GAP = "  ";
const MIN_COLUMN_WIDTH = 8;

/** Formats rows as aligned columns with headings. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: TableStyle,
): string {
  const texts = rows.map((row) => columns.map((column) => escapeLine(column.cell(row))));
  const natural = columns.map((column, index) =>
    Math.max(
      getTextWidth(column.heading),
      ...texts.map((cellsOfRow) => getTextWidth(cellsOfRow[index] ?? "")),
    ),
  );
  const widths = shrinkWidths(natural, columns, style.width);
  const fitCell = (index: number, text: string) => {
    const width = widths[index] ?? 0;
    const fitted =
      columns[index]?.truncateAt === "start" ? truncateStart(text, width) : truncate(text, width);
    // The last column is not padded, so that no line ends with spaces.
    return index === columns.length - 1 ? fitted : pad(fitted, width);
  };

  const head = style.heading(columns.map(({ heading }, index) => fitCell(index, heading)).join(GAP));
  const body = rows.map((row, rowIndex) =>
    columns
      .map((column, index) => {
        const padded = fitCell(index, texts[rowIndex]?.[index] ?? "");
        return column.paint ? column.paint(padded, row) : padded;
      })
      .join(GAP)
      .trimEnd(),
  );
  return [head, ...body].join("\n");
}

/** Shrinks flexible columns, the widest first, until the table fits. */
function shrinkWidths<Row>(
  natural: readonly number[],
  columns: readonly Column<Row>[],
  width: number | undefined,
): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  let excess =
    widths.reduce((sum, columnWidth) => sum + columnWidth, 0) + GAP.length * (widths.length - 1) - width;
  while (excess > 0) {
    const widest = columns
      .map((column, index) => ({ index, size: column.flexible === true ? (widths[index] ?? 0) : 0 }))
      .reduce((best, column) => (column.size > best.size ? column : best), {
        index: -1,
        size: MIN_COLUMN_WIDTH,
      });
    if (widest.index < 0) return widths;
    const removed = Math.min(excess, widest.size - MIN_COLUMN_WIDTH);
    widths[widest.index] = widest.size - removed;
    excess -= removed;
  }
  return widths;
}
