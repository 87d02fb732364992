import * as z from "zod";
import { JsonValue } from "./json.ts";
import { TaskStatus } from "./task-status.ts";

/** Every error that joblib answers, by the last part of its type URI (RFC 9457). */
export const PROBLEMS = {
  "malformed-request": { status: 400, title: "The request cannot be read" },
  "invalid-room-id": { status: 400, title: "That is not a room's name" },
  "invalid-category": { status: 400, title: "That category cannot be used" },
  unauthorized: { status: 401, title: "Credentials are missing or not valid" },
  forbidden: { status: 403, title: "You may not do that" },
  // 404, as for a job that does not exist: ZnDraw's clients raise KeyError for it (docs/zndraw.md).
  "invalid-job-name": { status: 404, title: "That is not a job's name" },
  "job-not-found": { status: 404, title: "There is no such job" },
  "worker-not-found": { status: 404, title: "There is no such worker" },
  "task-not-found": { status: 404, title: "There is no such task" },
  "invitation-not-found": { status: 404, title: "There is no such invitation" },
  "route-not-found": { status: 404, title: "There is nothing at this address" },
  "method-not-allowed": { status: 405, title: "That method is not for this address" },
  "schema-conflict": { status: 409, title: "The job is registered with another schema" },
  "no-workers-available": { status: 409, title: "No worker is there to run it" },
  "invalid-task-transition": { status: 409, title: "The task cannot go there from where it stands" },
  "task-lost": { status: 409, title: "The hold on the task is over" },
  "no-invitations": { status: 409, title: "This server issues no tokens" },
  "payload-too-large": { status: 413, title: "The request is too large" },
  "unsupported-media-type": { status: 415, title: "The body is not JSON" },
  "validation-error": { status: 422, title: "The request does not fit" },
  "idempotency-conflict": { status: 422, title: "The idempotency key was used for another request" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "internal-error": { status: 500, title: "A bug in the server" },
  "service-unavailable": { status: 503, title: "The server cannot answer now" },
} as const satisfies Record<string, { status: number; title: string }>;

/** The last part of a problem's type URI. */
export type ProblemId = keyof typeof PROBLEMS;

/** All of them, in the order of their status. */
export const PROBLEM_IDS = Object.keys(PROBLEMS) as ProblemId[];

/** True for an id of the catalogue. */
export const isProblemId = (value: string): value is ProblemId => Object.hasOwn(PROBLEMS, value);

/** Where the pages of the catalogue stand, under the plugin's prefix. */
export const PROBLEMS_PATH = "/v1/problems";

/** What does not fit, and where: a JSON Pointer (RFC 6901) into what was sent. */
export const FieldError = z.object({ pointer: z.string(), detail: z.string() });
export type FieldError = z.infer<typeof FieldError>;

/** One operation of a JSON Patch (RFC 6902). */
export const PatchOperation = z.object({
  op: z.enum(["add", "remove", "replace", "move", "copy", "test"]),
  path: z.string(),
  from: z.string().optional(),
  value: JsonValue.optional(),
});
export type PatchOperation = z.infer<typeof PatchOperation>;

/** The members that some problems add to the five of RFC 9457. */
export const ProblemExtras = z.object({
  errors: z.array(FieldError).optional(),
  diff: z.array(PatchOperation).optional(),
  from: TaskStatus.optional(),
  to: TaskStatus.optional(),
  allowed: z.array(TaskStatus).optional(),
});
export type ProblemExtras = z.infer<typeof ProblemExtras>;

/** An error document, `application/problem+json`. */
export const ProblemDocument = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  ...ProblemExtras.shape,
});
export type ProblemDocument = z.infer<typeof ProblemDocument>;

/** An entry of the catalogue, as `GET /v1/problems` shows it. */
export const ProblemDescription = z.object({
  id: z.string(),
  type: z.string(),
  title: z.string(),
  status: z.int(),
});

/** An error with its place in the catalogue: what use-cases throw and the server renders. */
export class Problem extends Error {
  readonly id: ProblemId;
  readonly extras: ProblemExtras;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(id: ProblemId, detail: string, extras: ProblemExtras & { retryAfter?: number } = {}) {
    super(detail);
    this.name = "Problem";
    this.id = id;
    const { retryAfter, ...rest } = extras;
    this.extras = rest;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return PROBLEMS[this.id].status;
  }

  /** The document, with its type URI under `prefix`. */
  toDocument(prefix = "", instance?: string): ProblemDocument {
    const { status, title } = PROBLEMS[this.id];
    return {
      type: `${prefix}${PROBLEMS_PATH}/${this.id}`,
      title,
      status,
      detail: this.message,
      ...(instance === undefined ? {} : { instance }),
      ...this.extras,
    };
  }
}

/** The catalogue's id in a type URI, or undefined for a problem of somebody else's. */
export const problemIdOf = (type: string): ProblemId | undefined => {
  const id = type.slice(type.lastIndexOf("/") + 1);
  return isProblemId(id) ? id : undefined;
};
