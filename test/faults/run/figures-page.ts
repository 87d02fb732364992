import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ROOT } from "../cluster/faulty-server.ts";
import type { FigureRow } from "./figures.ts";

const PAGE = "docs/appendix/fault-catalogue.md";
/** A longer value does not fit into a table cell: it is written as a paragraph below the table. */
const MAX_CELL_CHARACTERS = 100;

/** Which of the page's tables a run fills, and the command that repeats the run. */
export interface FiguresPlan {
  readonly kind: "cases" | "soak";
  readonly command: string;
  readonly rows: readonly FigureRow[];
}

/** Formats a run's results as Markdown. */
export const figuresTable = ({ command, rows }: FiguresPlan, day = new Date()): string => {
  const isLong = ([, value]: FigureRow) => value.length > MAX_CELL_CHARACTERS;
  return [
    `\`${command}\`, on ${availableParallelism()} cores, ${day.toISOString().slice(0, 10)}:`,
    "",
    "| figure | |",
    "| --- | --- |",
    ...rows
      .filter((row) => !isLong(row))
      .map((row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`),
    ...rows.filter(isLong).flatMap(([name, value]) => ["", ...wrapped(`${name}: ${value}.`)]),
  ].join("\n");
};

/** Breaks a text into lines of at most 100 characters. */
const wrapped = (text: string): string[] => text.match(/\S.{0,98}\S(?=\s|$)/g) ?? [text];

/** Replaces one kind of results in the page; those of the other kind stay. */
export const withFigures = (page: string, plan: FiguresPlan, day?: Date): string => {
  const [begin, end] = [`<!-- ${plan.kind} -->`, `<!-- /${plan.kind} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${PAGE} has no ${begin} … ${end}. Add both comments where the results belong.`);
  }
  return `${page.slice(0, from + begin.length)}\n${figuresTable(plan, day)}\n${page.slice(to)}`;
};

/** Writes a run's results into the fault catalogue. */
export const writeFigures = (plan: FiguresPlan): void => {
  const file = join(ROOT, PAGE);
  writeFileSync(file, withFigures(readFileSync(file, "utf8"), plan));
};
