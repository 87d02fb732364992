import { escapeLine } from "./sanitize.ts";

/** One column: its heading, its cells, and whether it may be cut to fit the terminal. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly flexible?: boolean;
  /** What is cut off a text that is too long; its end where nothing is said. */
  readonly cutAt?: "start" | "end";
  /** Colours a cell once it has its width. */
  readonly paint?: (padded: string, row: Row) => string;
}

/** How wide a table may be, and how its headings look. */
export interface TableStyle {
  /** Undefined where nothing is cut: a pipe or a file. */
  readonly width: number | undefined;
  readonly heading: (text: string) => string;
}

const GAP = "  ";
const NARROWEST = 8;
const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uff01-\uff60]/u;
const PLAIN = /^[\x20-\x7e]*$/;
let segmenter: Intl.Segmenter | undefined;

const cells = (grapheme: string) => (WIDE.test(grapheme) ? 2 : 1);

/** What a person sees as one character each; the segmenter, 15 ms to make, is for text that needs one. */
const graphemes = (text: string): string[] => {
  if (PLAIN.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
};

/** How many cells of a terminal a text takes. */
export const getTextWidth = (text: string): number => {
  if (PLAIN.test(text)) return text.length;
  return graphemes(text).reduce((width, grapheme) => width + cells(grapheme), 0);
};

/** A text of at most so many cells, its end an ellipsis where something was cut. */
export const truncate = (text: string, width: number): string => {
  if (getTextWidth(text) <= width) return text;
  let kept = "";
  let taken = 1;
  for (const grapheme of graphemes(text)) {
    taken += cells(grapheme);
    if (taken > width) break;
    kept += grapheme;
  }
  return `${kept}…`;
};

/** The same from the other end: of a job's name the last part says the most. */
const cutStart = (text: string, width: number): string => {
  const reversed = (one: string) => graphemes(one).reverse().join("");
  return reversed(truncate(reversed(text), width));
};

const pad = (text: string, width: number) => text + " ".repeat(Math.max(0, width - getTextWidth(text)));

/** Lines of aligned columns under their headings. */
export const formatTable = <Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: TableStyle,
): string => {
  const texts = rows.map((row) => columns.map((column) => escapeLine(column.cell(row))));
  const natural = columns.map((column, at) =>
    Math.max(getTextWidth(column.heading), ...texts.map((cellsOfRow) => getTextWidth(cellsOfRow[at] ?? ""))),
  );
  const widths = shrink(natural, columns, style.width);
  const line = (at: number, text: string) => {
    const width = widths[at] ?? 0;
    const shown = columns[at]?.cutAt === "start" ? cutStart(text, width) : truncate(text, width);
    // The last column is not filled up: no line ends in spaces.
    return at === columns.length - 1 ? shown : pad(shown, width);
  };

  const head = style.heading(columns.map(({ heading }, at) => line(at, heading)).join(GAP));
  const body = rows.map((row, index) =>
    columns
      .map((column, at) => {
        const padded = line(at, texts[index]?.[at] ?? "");
        return column.paint ? column.paint(padded, row) : padded;
      })
      .join(GAP)
      .trimEnd(),
  );
  return [head, ...body].join("\n");
};

/** Takes what is too wide from the flexible columns, the widest first. */
const shrink = <Row>(
  natural: readonly number[],
  columns: readonly Column<Row>[],
  width: number | undefined,
): number[] => {
  const widths = [...natural];
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1) - width;
  while (excess > 0) {
    const widest = columns
      .map((column, at) => ({ at, size: column.flexible === true ? (widths[at] ?? 0) : 0 }))
      .reduce((best, one) => (one.size > best.size ? one : best), { at: -1, size: NARROWEST });
    if (widest.at < 0) return widths;
    const taken = Math.min(excess, widest.size - NARROWEST);
    widths[widest.at] = widest.size - taken;
    excess -= taken;
  }
  return widths;
};
