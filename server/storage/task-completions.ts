import type { JsonValue } from "../../protocol/index.ts";

/** A worker's own completion, under its whole fence, of a task whose job promised nothing about its results. */
export interface Completion {
  readonly id: string;
  readonly workerId: string;
  readonly attempt: number;
  readonly result?: JsonValue | undefined;
}

/** What is told of a task that was completed, where nobody asked for all of it. */
export interface CompletedTask {
  readonly id: string;
  readonly roomId: string;
  readonly jobId: string;
  readonly completedAt: string;
  /** From the start of its attempt. */
  readonly runSeconds: number;
}

/** Completions that travel together. */
export interface TaskCompletions {
  /** Each by itself; undefined where the row was not as the completion says. A task may be named once. A sign of life. */
  complete(completions: readonly Completion[]): Promise<readonly (CompletedTask | undefined)[]>;
}
