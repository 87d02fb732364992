import { defineEntity, p } from "@mikro-orm/core";
import type {
  AttemptError,
  Backoff,
  JsonObject,
  JsonValue,
  Progress,
  TraceContext,
} from "../../../protocol/index.ts";

/** A task. The name has a prefix, because a host may have its own `Task`. */
export const TaskEntity = defineEntity({
  name: "JoblibTask",
  tableName: "task",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    /** The order of tasks with the same priority; a requeued task keeps its number. */
    number: p.bigint().defaultRaw("nextval('joblib.task_number')"),
    jobId: p.uuid(),
    roomId: p.text(),
    status: p.text().default("pending"),
    payload: p.json<JsonObject>(),
    priority: p.integer(),
    attempt: p.integer().default(0),
    runs: p.integer().default(0),
    maxAttempts: p.integer(),
    backoff: p.json<Backoff>(),
    timeoutSeconds: p.double().nullable(),
    runAt: p.datetime(),
    /** Set when `run_at` has passed. The index for claims contains only tasks with this flag. */
    due: p.boolean(),
    /** True if room fairness determined the number. Tasks of other rooms may have the same number. */
    numberedByRoom: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw("now()"),
    claimedAt: p.datetime().nullable(),
    startedAt: p.datetime().nullable(),
    completedAt: p.datetime().nullable(),
    createdById: p.text(),
    /** Not a foreign key, because a finished task keeps its worker's id after the worker is gone. */
    workerId: p.uuid().nullable(),
    error: p.text().nullable(),
    errors: p.json<AttemptError[]>(),
    result: p.json<JsonValue>().nullable(),
    progress: p.json<Progress>().nullable(),
    /** Increases with each update of the row. */
    version: p.integer().default(1),
    idempotencyKey: p.text().nullable(),
    requestHash: p.text().nullable(),
    traceContext: p.json<TraceContext>().nullable(),
    /** The worker whose lease ended last, and the reason, which its next heartbeat returns. */
    endedLeaseWorkerId: p.uuid().nullable(),
    endedLeaseReason: p.text().nullable(),
  },
});
