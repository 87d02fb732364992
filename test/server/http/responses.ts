import { expect } from "vitest";
import type * as z from "zod";
import {
  type AttemptError,
  type FieldError,
  type HeartbeatResponse,
  type Job,
  type NewWorker,
  PROBLEMS,
  type ProblemDocument,
  type ProblemId,
  type Read,
  type SubmittedTask,
  type Task,
  type Worker,
} from "../../../protocol/index.ts";

/** The members of all response bodies. A test reads only those that its operation returns. */
export interface ResponseBody
  extends Omit<SubmittedTask, "errors" | "worker_id">,
    Omit<Job, "id" | "created_at" | "room_id" | "worker_id">,
    Omit<NewWorker, "id" | "name">,
    Pick<HeartbeatResponse, "stop">,
    Omit<ProblemDocument, "status" | "errors"> {
  readonly worker_id: string;
  readonly errors: (FieldError & AttemptError)[];
  readonly task: Task;
  readonly tasks: SubmittedTask[];
  readonly results: { readonly id: string; readonly task?: Task; readonly problem?: ProblemDocument }[];
  readonly released: string[];
  readonly reads: Read[];
  readonly token: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly jobs: string[] | null;
  readonly items: (ResponseBody & Pick<Worker, "online" | "job_count" | "task_count">)[];
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
}

/** A response. `body` is an empty object if the response is not JSON. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  readonly body: ResponseBody;
}

/** Requires that a response has the given status, and returns its body. */
export const ok = (response: ApiResponse, status = 200): ResponseBody => {
  expect({ status: response.status, body: response.body }).toMatchObject({ status });
  return response.body;
};

/** Requires that a response has the status 200, and parses its body. */
export const parseBody = <Schema extends z.ZodType>(
  schema: Schema,
  response: ApiResponse,
): z.output<Schema> => {
  ok(response);
  return schema.parse(JSON.parse(response.text));
};

/**
 * Requires that a response is the problem (RFC 9457) with the given id, and returns the problem
 * document.
 */
export const expectProblem = (response: ApiResponse, id: ProblemId, prefix = ""): ResponseBody => {
  expect({ status: response.status, body: response.body }).toMatchObject({
    status: PROBLEMS[id].status,
    body: {
      type: `${prefix}/v1/problems/${id}`,
      title: PROBLEMS[id].title,
      status: PROBLEMS[id].status,
      detail: expect.any(String),
    },
  });
  expect(response.headers["content-type"]).toBe("application/problem+json");
  return response.body;
};

/**
 * Requires that a response has the problem `validation-error`, and returns the pointers of its
 * errors.
 */
export const getErrorPointers = (response: ApiResponse): string[] =>
  expectProblem(response, "validation-error").errors.map(({ pointer }) => pointer);

/** Returns request options with `Prefer: wait=N`. */
export const preferWait = (seconds: number) => ({ headers: { prefer: `wait=${seconds}` } });
