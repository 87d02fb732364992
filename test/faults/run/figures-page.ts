import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ROOT } from "../cluster/faulty-server.ts";
import type { FigureRow } from "./figures.ts";

const PAGE = join(ROOT, "docs/guarantees.md");

/** Which of the page's tables a run fills, and the command that makes it again. */
export interface FiguresPlan {
  readonly kind: "cases" | "soak";
  readonly command: string;
  readonly rows: readonly FigureRow[];
}

/** A run's figures as they stand in the page. */
export const figuresTable = ({ command, rows }: FiguresPlan, day = new Date()): string =>
  [
    `\`${command}\`, on ${availableParallelism()} cores, ${day.toISOString().slice(0, 10)}:`,
    "",
    "| figure | |",
    "| --- | --- |",
    ...rows.map((row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`),
  ].join("\n");

/** A page with one kind of figures made anew; those of the other kind stay. */
export const withFigures = (page: string, plan: FiguresPlan, day?: Date): string => {
  const [begin, end] = [`<!-- ${plan.kind} -->`, `<!-- /${plan.kind} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/guarantees.md has no ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n${figuresTable(plan, day)}\n${page.slice(to)}`;
};

/** Writes a run's figures into `docs/guarantees.md`. */
export const writeFigures = (plan: FiguresPlan): void =>
  writeFileSync(PAGE, withFigures(readFileSync(PAGE, "utf8"), plan));
