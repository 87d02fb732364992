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
  type SubmittedTask,
  type Task,
  type Worker,
} from "../../../protocol/index.ts";

/** Every member that some answer has; which of them one has is for its test to say. */
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
  readonly token: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly jobs: string[] | null;
  readonly items: (ResponseBody & Pick<Worker, "alive" | "job_count" | "task_count">)[];
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
}

/** An answer as the tests look at it. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  readonly body: ResponseBody;
}

/** The answer's body, of an answer that must be well. */
export const ok = (answer: ApiResponse, status = 200): ResponseBody => {
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status });
  return answer.body;
};

/** The body of an answer that must be well, by its own schema. */
export const parseBody = <Schema extends z.ZodType>(
  schema: Schema,
  answer: ApiResponse,
): z.output<Schema> => {
  ok(answer);
  return schema.parse(JSON.parse(answer.text));
};

/** An answer is this problem, as RFC 9457 has it; gives its document. */
export const expectProblem = (answer: ApiResponse, id: ProblemId, prefix = ""): ResponseBody => {
  expect({ status: answer.status, body: answer.body }).toMatchObject({
    status: PROBLEMS[id].status,
    body: {
      type: `${prefix}/v1/problems/${id}`,
      title: PROBLEMS[id].title,
      status: PROBLEMS[id].status,
      detail: expect.any(String),
    },
  });
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  return answer.body;
};

/** Where it does not fit, by the 422 that says so. */
export const getErrorPointers = (answer: ApiResponse): string[] =>
  expectProblem(answer, "validation-error").errors.map(({ pointer }) => pointer);

/** `Prefer: wait=N`. */
export const preferWait = (seconds: number) => ({ headers: { prefer: `wait=${seconds}` } });

/** What it comes to, and after how many milliseconds. */
export const timed = async <Value>(work: Promise<Value>) => {
  const start = performance.now();
  return { value: await work, ms: performance.now() - start };
};
