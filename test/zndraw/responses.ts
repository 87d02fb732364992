import * as z from "zod";
import { TaskStatus } from "../../protocol/index.ts";

const Id = z.guid();
const Time = z.iso.datetime({ offset: true });
const JsonObject = z.record(z.string(), z.unknown());

const Task = z.object({
  ...{ id: Id, job_name: z.string(), room_id: z.string(), status: TaskStatus, payload: JsonObject },
  ...{ created_at: Time, started_at: Time.nullable(), completed_at: Time.nullable() },
  ...{ worker_id: Id.nullable(), error: z.string().nullable(), queue_position: z.int().nullable() },
});
const JobSummary = z.object({
  ...{ full_name: z.string(), category: z.string(), name: z.string(), workers: z.array(Id) },
});
const Job = JobSummary.extend({
  ...{ id: Id, room_id: z.string(), schema: JsonObject, worker_id: Id.nullable() },
});
const Worker = z.object({ id: Id, last_heartbeat: Time });
const createPageSchema = (item: z.ZodType) =>
  z.object({ items: z.array(item), total: z.int(), limit: z.int(), offset: z.int() });

/** The parts of an error response from which ZnDraw's client creates an exception. */
export const Problem = z.object({
  ...{ type: z.string().startsWith("/v1/problems/"), title: z.string(), status: z.int(), detail: z.string() },
});

/**
 * An operation of ZnDraw's job API, and the parts of a successful response that ZnDraw's client
 * reads.
 */
export interface ZnDrawOperation {
  readonly method: string;
  /** The path in joblib's table of operations. */
  readonly path: string;
  readonly status: readonly number[];
  readonly response: z.ZodType | null;
}

const operation = (
  method: string,
  path: string,
  response: z.ZodType | null,
  ...status: number[]
): ZnDrawOperation => ({ method, path: `/v1/joblib${path}`, response, status });

/**
 * All operations of ZnDraw's job API except those on providers, whose requests differ in joblib.
 */
export const ZNDRAW_OPERATIONS: readonly ZnDrawOperation[] = [
  operation("POST", "/workers", Worker, 201),
  operation("GET", "/workers", createPageSchema(Worker.extend({ job_count: z.int() })), 200),
  operation("PATCH", "/workers/:worker_id", Worker, 200),
  operation("DELETE", "/workers/:worker_id", null, 204),
  operation("PUT", "/rooms/:room_id/jobs", Job, 200, 201),
  operation("GET", "/rooms/:room_id/jobs", createPageSchema(JobSummary), 200),
  operation("GET", "/rooms/:room_id/workers", createPageSchema(Worker.extend({ job_count: z.int() })), 200),
  operation("GET", "/rooms/:room_id/tasks", createPageSchema(Task), 200),
  operation("GET", "/rooms/:room_id/jobs/:job_name/tasks", createPageSchema(Task), 200),
  operation("GET", "/rooms/:room_id/jobs/:job_name", Job, 200),
  operation("POST", "/rooms/:room_id/tasks/:job_name", Task, 202),
  operation("POST", "/tasks/claim", z.object({ task: Task.nullable() }), 200),
  operation("GET", "/tasks/:task_id", Task, 200),
  operation("PATCH", "/tasks/:task_id", Task, 200),
];

const toPattern = ({ path }: ZnDrawOperation) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`);

/** Returns the operation of a request, or undefined if joblib does not have the operation. */
export const findOperation = (method: string, path: string): ZnDrawOperation | undefined => {
  const pathname = decodeURIComponent(path.replace(/\?.*$/, ""));
  const candidates = ZNDRAW_OPERATIONS.filter((entry) => entry.method === method);
  return (
    candidates.find((entry) => entry.path === pathname) ?? candidates.find((e) => toPattern(e).test(pathname))
  );
};
