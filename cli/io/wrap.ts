import { getTextWidth } from "./table.ts";

/** Wraps lines between words at `width` columns and indents continuation lines. Longer words are not split. */
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
