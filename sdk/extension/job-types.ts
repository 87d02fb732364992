import type { JsonValue, SubmittedTask, Task, TaskStatus } from "../../protocol/index.ts";
import type { JobFile } from "../files/job-file.ts";

/** The payload and result types of a job. */
export interface JobType {
  readonly payload: object;
  readonly result: unknown;
}

/**
 * A type that maps job names to their payload and result types. `joblib types` prints such a type
 * as the interface `Jobs`.
 */
export type JobTypes<Jobs> = { readonly [Name in keyof Jobs]: JobType };

/** A JSON value that may contain files. */
export type PayloadValue =
  | JsonValue
  | JobFile
  | readonly PayloadValue[]
  | { readonly [name: string]: PayloadValue };

/** The default of the type parameter `Jobs`. It accepts any job name, payload and result. */
export interface AnyJobs {
  readonly [name: string]: {
    readonly payload: { readonly [name: string]: PayloadValue };
    readonly result: JsonValue;
  };
}

/** The names of the jobs in the type `Jobs`. */
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
 * The arguments of `submit` that follow the job's name. The payload can be omitted if it has no
 * required members.
 */
export type NamedSubmission<Payload extends object, Options> =
  Record<never, never> extends Payload
    ? [payload?: Payload, options?: Options]
    : [payload: Payload, options?: Options];
