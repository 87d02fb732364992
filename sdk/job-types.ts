import type { JsonObject, JsonValue, SubmittedTask, Task, TaskStatus } from "../protocol/index.ts";

/** What one job takes, and what it comes to. */
export interface JobType {
  readonly payload: object;
  readonly result: unknown;
}

/** What a table of jobs must look like: `joblib types` writes one, as the interface `Jobs`. */
export type JobTypes<Jobs> = { readonly [Name in keyof Jobs]: JobType };

/** Where no table says more: any name, any payload, any result. */
export interface AnyJobs {
  readonly [name: string]: { readonly payload: JsonObject; readonly result: JsonValue };
}

/** The names of a table's jobs. */
export type JobNameOf<Jobs> = keyof Jobs & string;

declare const RESULT: unique symbol;

/** A submitted task that knows, for the compiler alone, what its result will be. */
export type TaskOf<Result> = SubmittedTask & { readonly [RESULT]?: Result };

type Rest = Omit<Task, "status" | "result">;

/** A task that was waited for; once it is `completed`, its result is the job's. */
export type AwaitedTask<Result> =
  | (Rest & { readonly status: "completed"; readonly result: Result })
  | (Rest & { readonly status: Exclude<TaskStatus, "completed">; readonly result: null });

/** What stands behind a job's name: the payload may be left out where nothing in it must be given. */
export type NamedSubmission<Payload extends object, Options> =
  Record<never, never> extends Payload
    ? [payload?: Payload, options?: Options]
    : [payload: Payload, options?: Options];
