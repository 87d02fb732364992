import stringWidth from "fast-string-width";

const ELLIPSIS = "…";
const ASCII = /^[\x20-\x7e]*$/;
let segmenter: Intl.Segmenter | undefined;

/** Returns the width of a text in terminal columns. */
export function getTextWidth(text: string): number {
  // `normalize` composes decomposed Hangul syllables, because `stringWidth` would count each of
  // their parts.
  return stringWidth(text.normalize());
}

/**
 * Splits text into graphemes. ASCII text does not need the segmenter, which takes 20 ms to create.
 */
function splitGraphemes(text: string): string[] {
  if (ASCII.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Returns the graphemes at the start of a list that fit into a width. */
function takeWidth(graphemes: readonly string[], width: number): readonly string[] {
  let used = 0;
  const end = graphemes.findIndex((grapheme) => {
    used += getTextWidth(grapheme);
    return used > width;
  });
  return end < 0 ? graphemes : graphemes.slice(0, end);
}

/** Truncates a text to a width, with an ellipsis at its end. */
export function truncate(text: string, width: number): string {
  if (getTextWidth(text) <= width) return text;
  return takeWidth(splitGraphemes(text), width - 1).join("") + ELLIPSIS;
}

/** Truncates the start of a text. Used for job names, whose end is the most specific part. */
export function truncateStart(text: string, width: number): string {
  if (getTextWidth(text) <= width) return text;
  return (
    ELLIPSIS +
    takeWidth(splitGraphemes(text).reverse(), width - 1)
      .toReversed()
      .join("")
  );
}

/** Pads a text with spaces to a width. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - getTextWidth(text)));
}

/**
 * Wraps lines between words at a width, and indents continuation lines. Longer words, such as URLs,
 * are not split, and the indentation of a line is kept. `wrap-ansi` either removes the indentation
 * or leaves spaces at the ends of lines, and it cannot indent continuation lines.
 */
export function wrap(text: string, width: number, indent = ""): string {
  return text
    .split("\n")
    .map((line) => wrapLine(line, width, indent))
    .join("\n");
}

function wrapLine(text: string, width: number, indent: string): string {
  if (getTextWidth(text) <= width) return text;
  const lines: string[] = [];
  let line = "";
  for (const part of text.match(/\s*\S+|\s+$/g) ?? []) {
    if (line.trim() !== "" && getTextWidth(line + part) > width) {
      lines.push(line);
      line = indent + part.trimStart();
    } else {
      line += part;
    }
  }
  return [...lines, line].join("\n");
}
