import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answered, type Asked, Event, type Note, type Operation } from "./event.ts";

/** An operation from its invocation to what became of it; without an end it is unknown, and ends at the end of time. */
export interface OperationSpan {
  readonly process: string;
  readonly f: Operation;
  readonly asked: Asked;
  readonly answered: Answered;
  readonly outcome: "ok" | "fail" | "unknown";
  readonly begin: number;
  readonly end: number;
}

/** All that the clients and the nemesis of one case have told. */
export interface History {
  readonly operations: readonly OperationSpan[];
  readonly notes: readonly Note[];
}

/** Pairs each invocation with its end. */
export const historyOf = (events: readonly Event[]): History => {
  const ends = new Map<string, Event & { phase: "ok" | "fail" | "unknown" }>();
  for (const event of events) {
    if (event.phase !== "invoke" && event.phase !== "note") ends.set(`${event.process}:${event.op}`, event);
  }
  const operations: OperationSpan[] = [];
  const notes: Note[] = [];
  for (const event of events) {
    if (event.phase === "note") notes.push(event);
    if (event.phase !== "invoke") continue;
    const { process, f, asked, t: begin } = event;
    const end = ends.get(`${process}:${event.op}`);
    operations.push({
      ...{ process, f, asked, begin },
      answered: end?.answered ?? {},
      outcome: end?.phase ?? "unknown",
      end: end?.t ?? Number.POSITIVE_INFINITY,
    });
  }
  return { operations: operations.sort((a, b) => a.begin - b.begin), notes };
};

/** Reads the histories of a folder, one file for each process; a last line that a killed process did not finish is left out. */
export const readHistory = (folder: string): History => {
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1));
  return historyOf(lines.map((line) => Event.parse(JSON.parse(line))));
};
