import { writeFileSync } from "node:fs";
import type { Samples } from "./measures/measure.ts";
import { computeLowest, computeResult, computeValues, type Result } from "./results.ts";
import type { Row } from "./rows.ts";
import { median } from "./statistics.ts";

const format = (value: number): string =>
  value >= 100 ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : value.toFixed(2);

const formatMedian = (values: readonly number[]): string =>
  values.length === 0 ? "none" : format(median(values));

const formatMedians = ({ sample, baselines }: Row, rounds: readonly Samples[]): string =>
  [[sample], baselines]
    .filter((names) => names.length > 0)
    .map((names) => formatMedian(computeLowest(names, rounds)))
    .join(" / ");

const formatStatus = ({ ok, met }: Result) => (met ? "met" : ok ? "ok" : "MISSED");

const formatGoal = (result: Result) =>
  "atLeast" in result ? `≥ ${result.atLeast} (${result.want})` : `≤ ${result.atMost} (${result.want})`;

/** Formats a row's values of all rounds, so that their spread is visible. */
const formatRounds = (row: Row, rounds: readonly Samples[]) =>
  computeValues(row, rounds).map(format).join(" ");

/**
 * Formats the results as a Markdown table with the median of each row, its values in all rounds,
 * and whether it reaches its goal.
 */
export const formatTable = (rows: readonly Row[], rounds: readonly Samples[]): string => {
  const lines = rows.map((row) => {
    const result = computeResult(row, rounds);
    const value = result.value === null ? "none" : format(result.value);
    return [
      row.name,
      row.description,
      formatMedians(row, rounds),
      value,
      formatRounds(row, rounds),
      formatGoal(result),
      formatStatus(result),
    ];
  });
  return formatMarkdown([
    ["row", "description", "medians", "value", "rounds", "required (target)", ""],
    ...lines,
  ]);
};

/** Formats cells as a Markdown table. The first line contains the column headings. */
export const formatMarkdown = (lines: readonly (readonly string[])[]): string => {
  const [head = [], ...rest] = lines;
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [text(head), rule, ...rest.map(text)].join("\n");
};

/**
 * Writes a JSON file of the form `{ rows: [{ name, value, unit, atLeast | atMost, want, ok, met }]
 * }`.
 */
export const writeJson = (file: string, rows: readonly Row[], rounds: readonly Samples[]): void => {
  const results = rows.map((row) => computeResult(row, rounds));
  writeFileSync(file, `${JSON.stringify({ rows: results }, null, 2)}\n`);
};
