import { escapeLine } from "./sanitize.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** True if cells may be truncated to the width of the terminal. */
  readonly flexible?: boolean;
  /** The end of the text that is truncated; `end` by default. */
  readonly truncateAt?: "start" | "end";
  /** Colors a cell after it was padded. */
  readonly paint?: (padded: string, row: Row) => string;
}

/** The maximum width of a table, and the style of its headings. */
export interface TableStyle {
  /** In columns; undefined for a pipe or a file, which disables truncation. */
  readonly width: number | undefined;
  readonly heading: (text: string) => string;
}

const GAP = "  ";
const MIN_COLUMN_WIDTH = 8;
const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uff01-\uff60]/u;
const PLAIN = /^[\x20-\x7e]*$/;
let segmenter: Intl.Segmenter | undefined;

const getCellWidth = (grapheme: string) => (WIDE.test(grapheme) ? 2 : 1);

/** Splits text into graphemes. The segmenter takes 15 ms to create, so ASCII text does not use it. */
function splitGraphemes(text: string): string[] {
  if (PLAIN.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Returns the width of a text in terminal cells. */
export function getTextWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return splitGraphemes(text).reduce((width, grapheme) => width + getCellWidth(grapheme), 0);
}

/** Truncates a text to a width in terminal cells, with an ellipsis at its end. */
export function truncate(text: string, width: number): string {
  if (getTextWidth(text) <= width) return text;
  let kept = "";
  let keptWidth = 1;
  for (const grapheme of splitGraphemes(text)) {
    keptWidth += getCellWidth(grapheme);
    if (keptWidth > width) break;
    kept += grapheme;
  }
  return `${kept}…`;
}

/** Truncates the start of a text: the end of a job's name is the most specific part. */
function truncateStart(text: string, width: number): string {
  const reverse = (part: string) => splitGraphemes(part).reverse().join("");
  return reverse(truncate(reverse(text), width));
}

const pad = (text: string, width: number) => text + " ".repeat(Math.max(0, width - getTextWidth(text)));

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
