import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Completion,
  Event,
  type Invocation,
  type Note,
  type Operation,
  type OperationInput,
  type OperationOutput,
} from "./event.ts";
import { readLines } from "./read-lines.ts";
import { SharedStrings } from "./shared-strings.ts";

/**
 * An operation with its parameters and response. If the history contains no completion, the outcome
 * is unknown and the end is infinite.
 */
export interface OperationSpan {
  readonly process: string;
  readonly operation: Operation;
  readonly input: OperationInput;
  readonly output: OperationOutput;
  readonly outcome: "ok" | "fail" | "unknown";
  readonly begin: number;
  readonly end: number;
}

/** Everything that the clients and the nemesis of one case recorded. */
export interface History {
  readonly operations: readonly OperationSpan[];
  readonly notes: readonly Note[];
}

/**
 * Pairs each invocation with its completion. Does not keep the events, because a soak records
 * millions of them.
 */
export const buildHistory = (events: Iterable<Event>): History => {
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
      const span = toSpan(event);
      operations.push(shared.shareStrings(span));
      open.set(name, span);
    } else {
      const span = open.get(name);
      if (span === undefined)
        throw new Error(`the history contains the end of operation ${name} before its start`);
      Object.assign(span, shared.shareStrings(toCompletedPart(event)));
      open.delete(name);
    }
  }
  return { operations: operations.sort((a, b) => a.begin - b.begin), notes };
};

const toSpan = ({ process, operation, input, t: begin }: Invocation): OperationSpan => ({
  ...{ process, operation, input, begin },
  output: {},
  outcome: "unknown",
  end: Number.POSITIVE_INFINITY,
});

const toCompletedPart = ({ phase: outcome, output, t: end }: Completion) => {
  // Deletes the results, because the tables also contain them.
  for (const task of output.tasks ?? []) delete task.result;
  return { output, outcome, end } satisfies Partial<OperationSpan>;
};

function* readEvents(folder: string): Generator<Event, void, undefined> {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".jsonl")) continue;
    for (const line of readLines(join(folder, name))) yield Event.parse(JSON.parse(line));
  }
}

/**
 * Reads the history in a folder with one file per process. Skips the last line of a file if it is
 * incomplete, because the process may have been killed.
 */
export const readHistory = (folder: string): History => buildHistory(readEvents(folder));
