import * as z from "zod";
import { JsonValue } from "./json.ts";
import { TaskStatus } from "./tasks/status.ts";

/** Every error that joblib returns. The key is the last part of its type URI (RFC 9457). */
export const PROBLEMS = {
  "malformed-request": { status: 400, title: "Malformed request" },
  "invalid-room-id": { status: 400, title: "Invalid room id" },
  "invalid-category": { status: 400, title: "Invalid category" },
  unauthorized: { status: 401, title: "Missing or invalid credentials" },
  forbidden: { status: 403, title: "Permission denied" },
  // The status is 404, like that of `job-not-found`, because ZnDraw's clients raise KeyError for a
  // 404 (docs/zndraw.md).
  "invalid-job-name": { status: 404, title: "Invalid job name" },
  "job-not-found": { status: 404, title: "Job not found" },
  "worker-not-found": { status: 404, title: "Worker not found" },
  "task-not-found": { status: 404, title: "Task not found" },
  "provider-not-found": { status: 404, title: "Provider not found" },
  "answer-not-found": { status: 404, title: "Provider has no data for these parameters" },
  "file-not-found": { status: 404, title: "File not found" },
  "invitation-not-found": { status: 404, title: "Invitation not found" },
  "route-not-found": { status: 404, title: "Route not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "schema-conflict": { status: 409, title: "Already registered with a different schema or content type" },
  "no-workers-available": { status: 409, title: "No workers available" },
  "invalid-task-transition": { status: 409, title: "Invalid task status transition" },
  "output-gap": { status: 409, title: "Task output has a gap" },
  "task-lost": { status: 409, title: "Task lease lost" },
  "read-lost": { status: 409, title: "Read no longer claimed by this worker" },
  "file-incomplete": { status: 409, title: "File upload not complete" },
  "upload-conflict": { status: 409, title: "Upload cannot continue" },
  "files-not-supported": { status: 409, title: "Files not supported" },
  "invitations-not-supported": { status: 409, title: "Invitations not supported" },
  "output-too-large": { status: 413, title: "Task output too large" },
  "file-too-large": { status: 413, title: "File too large" },
  "quota-exceeded": { status: 413, title: "File quota of the room exceeded" },
  "payload-too-large": { status: 413, title: "Request too large" },
  "unsupported-media-type": { status: 415, title: "Unsupported media type" },
  "range-not-satisfiable": { status: 416, title: "Range not satisfiable" },
  "validation-error": { status: 422, title: "Validation failed" },
  "idempotency-conflict": { status: 422, title: "Idempotency key reused for a different request" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "internal-error": { status: 500, title: "Internal server error" },
  "read-failed": { status: 502, title: "Provider failed to answer" },
  "provider-offline": { status: 503, title: "No worker of the provider is online" },
  "service-unavailable": { status: 503, title: "Service unavailable" },
  "provider-timeout": { status: 504, title: "Provider did not answer in time" },
  "insufficient-storage": { status: 507, title: "File storage is full" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemId = keyof typeof PROBLEMS;

/** All problem ids, ordered by status. */
export const PROBLEM_IDS = Object.keys(PROBLEMS) as ProblemId[];

export function isProblemId(value: string): value is ProblemId {
  return Object.hasOwn(PROBLEMS, value);
}

/** The path of the problem descriptions, under the plugin's prefix. */
export const PROBLEMS_PATH = "/v1/problems";

/** A validation error. `pointer` is a JSON Pointer (RFC 6901) into the request body. */
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

/** Members that some problems have in addition to the standard ones (RFC 9457, section 3.2). */
export const ProblemExtras = z.object({
  errors: z.array(FieldError).optional(),
  diff: z.array(PatchOperation).optional(),
  from: TaskStatus.optional(),
  to: TaskStatus.optional(),
  allowed: z.array(TaskStatus).optional(),
});
export type ProblemExtras = z.infer<typeof ProblemExtras>;

export const ProblemDocument = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  ...ProblemExtras.shape,
});
export type ProblemDocument = z.infer<typeof ProblemDocument>;

/** An error that the server returns as a problem document (RFC 9457). */
export class Problem extends Error {
  readonly id: ProblemId;
  readonly extras: ProblemExtras;
  /** Seconds for the `Retry-After` header. */
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

  /** Returns the problem document. Its type URI is under `prefix`. */
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

/**
 * Returns the problem id at the end of a type URI, or undefined if it is not one of joblib's
 * problem ids.
 */
export function parseProblemId(type: string): ProblemId | undefined {
  const id = type.slice(type.lastIndexOf("/") + 1);
  return isProblemId(id) ? id : undefined;
}
