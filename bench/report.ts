import { writeFileSync } from "node:fs";
import type { Samples } from "./measures/measure.ts";
import { type Result, resultOf, valuesOf } from "./results.ts";
import type { Row } from "./rows.ts";
import { median } from "./statistics.ts";

const format = (value: number): string =>
  value >= 100 ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : value.toFixed(2);

const formatMedian = (values: readonly number[]): string =>
  values.length === 0 ? "none" : format(median(values));

const sides = ({ of, per }: Row, rounds: readonly Samples[]): string =>
  [of, per]
    .filter((name) => name !== undefined)
    .map((name) => formatMedian(valuesOf({ of: name }, rounds)))
    .join(" / ");

const verdict = ({ ok, met }: Result) => (met ? "met" : ok ? "ok" : "MISSED");

const goalOf = (result: Result) =>
  "atLeast" in result ? `≥ ${result.atLeast} (${result.want})` : `≤ ${result.atMost} (${result.want})`;

/** Every round's value, for how far they lie apart. */
const spread = (row: Row, rounds: readonly Samples[]) => valuesOf(row, rounds).map(format).join(" ");

/** The table as Markdown: medians, the ratio of each row, and whether it is what we want. */
export const table = (rows: readonly Row[], rounds: readonly Samples[]): string => {
  const lines = rows.map((row) => {
    const result = resultOf(row, rounds);
    const value = result.value === null ? "none" : format(result.value);
    return [
      row.name,
      row.what,
      sides(row, rounds),
      value,
      spread(row, rounds),
      goalOf(result),
      verdict(result),
    ];
  });
  return asMarkdown([["row", "what", "medians", "value", "rounds", "required (target)", ""], ...lines]);
};

const asMarkdown = (lines: readonly (readonly string[])[]): string => {
  const [head = [], ...rest] = lines;
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [text(head), rule, ...rest.map(text)].join("\n");
};

/** `{ rows: [{ name, value, unit, atLeast | atMost, want, ok, met }] }`. */
export const writeJson = (file: string, rows: readonly Row[], rounds: readonly Samples[]): void => {
  const results = rows.map((row) => resultOf(row, rounds));
  writeFileSync(file, `${JSON.stringify({ rows: results }, null, 2)}\n`);
};
