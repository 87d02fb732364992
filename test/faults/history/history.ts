import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Answered,
  type Asked,
  type Completion,
  Event,
  type Invocation,
  type Note,
  type Operation,
} from "./event.ts";
import { linesOf } from "./lines.ts";
import { SharedStrings } from "./shared-strings.ts";

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

/** Pairs each invocation with its end; nothing else is kept, for a soak has millions of lines. */
export const historyOf = (events: Iterable<Event>): History => {
  const open = new Map<string, OperationSpan>();
  const operations: OperationSpan[] = [];
  const notes: Note[] = [];
  const shared = new SharedStrings();
  for (const event of events) {
    if (event.phase === "note") {
      notes.push(event);
      continue;
    }
    const name = `${event.process}:${event.op}`;
    if (event.phase === "invoke") {
      const span = begun(event);
      operations.push(shared.in(span));
      open.set(name, span);
    } else {
      const span = open.get(name);
      if (span === undefined) throw new Error(`operation ${name} ended before it began`);
      Object.assign(span, shared.in(ended(event)));
      open.delete(name);
    }
  }
  return { operations: operations.sort((a, b) => a.begin - b.begin), notes };
};

const begun = ({ process, f, asked, t: begin }: Invocation): OperationSpan => ({
  ...{ process, f, asked, begin },
  answered: {},
  outcome: "unknown",
  end: Number.POSITIVE_INFINITY,
});

const ended = ({ phase: outcome, answered, t: end }: Completion) => {
  // What a task's result says the tables say too.
  for (const task of answered.tasks ?? []) delete task.result;
  return { answered, outcome, end } satisfies Partial<OperationSpan>;
};

function* eventsOf(folder: string): Generator<Event, void, undefined> {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".jsonl")) continue;
    for (const line of linesOf(join(folder, name))) yield Event.parse(JSON.parse(line));
  }
}

/** Reads the histories of a folder, one file for each process; a last line that a killed process did not finish is left out. */
export const readHistory = (folder: string): History => historyOf(eventsOf(folder));
