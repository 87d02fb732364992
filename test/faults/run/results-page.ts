import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ROOT } from "../cluster/server-process.ts";
import type { SummaryRow } from "./run-summary.ts";

const PAGE = "docs/appendix/fault-catalogue.md";
/** Maximum length of a value in the table. A longer value becomes a paragraph below the table. */
const MAX_CELL_CHARACTERS = 100;

/**
 * The results of a run: the section of the page to replace, the command that repeats the run, and
 * the rows.
 */
export interface RunResults {
  readonly kind: "cases" | "soak";
  readonly command: string;
  readonly rows: readonly SummaryRow[];
}

/** Formats a run's results as Markdown. */
export const formatResults = ({ command, rows }: RunResults, day = new Date()): string => {
  const isLong = ([, value]: SummaryRow) => value.length > MAX_CELL_CHARACTERS;
  return [
    `\`${command}\`, on ${availableParallelism()} cores, ${day.toISOString().slice(0, 10)}:`,
    "",
    "| result | |",
    "| --- | --- |",
    ...rows
      .filter((row) => !isLong(row))
      .map((row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`),
    ...rows.filter(isLong).flatMap(([name, value]) => ["", ...wrapped(`${name}: ${value}.`)]),
  ].join("\n");
};

/** Breaks a text into lines of at most 100 characters. */
const wrapped = (text: string): string[] => text.match(/\S.{0,98}\S(?=\s|$)/g) ?? [text];

/** Replaces the results of this kind in the page, and keeps the results of the other kind. */
export const replaceResults = (page: string, plan: RunResults, day?: Date): string => {
  const [begin, end] = [`<!-- ${plan.kind} -->`, `<!-- /${plan.kind} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${PAGE} has no ${begin} … ${end}. Add both comments where the results belong.`);
  }
  return `${page.slice(0, from + begin.length)}\n${formatResults(plan, day)}\n${page.slice(to)}`;
};

/** Writes a run's results into the fault catalogue. */
export const writeResults = (plan: RunResults): void => {
  const file = join(ROOT, PAGE);
  writeFileSync(file, replaceResults(readFileSync(file, "utf8"), plan));
};
