import type { JsonValue, SubmittedTask, Task, TaskStatus } from "../../protocol/index.ts";
import type { JobFile } from "../files/job-file.ts";

/** The payload and result types of a job. */
export interface JobType {
  readonly payload: object;
  readonly result: unknown;
}

/** The type of a table of jobs. `joblib types` prints such a table as the interface `Jobs`. */
export type JobTypes<Jobs> = { readonly [Name in keyof Jobs]: JobType };

/** A JSON value that may contain files. */
export type PayloadValue =
  | JsonValue
  | JobFile
  | readonly PayloadValue[]
  | { readonly [name: string]: PayloadValue };

/** The default of `Jobs`. It accepts any name, payload and result. */
export interface AnyJobs {
  readonly [name: string]: {
    readonly payload: { readonly [name: string]: PayloadValue };
    readonly result: JsonValue;
  };
}

/** The names of the jobs in `Jobs`, a type that maps job names to payloads and results. */
export type JobNameOf<Jobs> = keyof Jobs & string;

declare const RESULT: unique symbol;

/** A submitted task with the type of its result, which exists only at compile time. */
export type TaskOf<Result> = SubmittedTask & { readonly [RESULT]?: Result };

type Rest = Omit<Task, "status" | "result">;

/** A task that `awaitTask` returned. If it is `completed`, its result has the job's type. */
export type AwaitedTask<Result> =
  | (Rest & { readonly status: "completed"; readonly result: Result })
  | (Rest & { readonly status: Exclude<TaskStatus, "completed">; readonly result: null });

/**
 * The arguments of `submit` after the job's name. The payload can be omitted if none of its members
 * is required.
 */
export type NamedSubmission<Payload extends object, Options> =
  Record<never, never> extends Payload
    ? [payload?: Payload, options?: Options]
    : [payload: Payload, options?: Options];
