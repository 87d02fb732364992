import { defineEntity, p } from "@mikro-orm/core";
import type {
  AttemptError,
  Backoff,
  JsonObject,
  JsonValue,
  Progress,
  TraceContext,
} from "../../../protocol/index.ts";

/** One task; the name carries the house's, so that a host may have a `Task` of its own. */
export const TaskEntity = defineEntity({
  name: "JoblibTask",
  tableName: "task",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    /** The order among equal priorities; a requeued task keeps it. */
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
    /** Set once `run_at` has passed, so that tasks which wait for their time stay out of the claim's index. */
    due: p.boolean(),
    /** Its number came with its room's turn, and tasks of other rooms may have the same. */
    inTurn: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw("now()"),
    claimedAt: p.datetime().nullable(),
    startedAt: p.datetime().nullable(),
    completedAt: p.datetime().nullable(),
    createdById: p.text(),
    /** No foreign key: a finished task tells who ran it after that worker is gone. */
    workerId: p.uuid().nullable(),
    error: p.text().nullable(),
    errors: p.json<AttemptError[]>(),
    result: p.json<JsonValue>().nullable(),
    progress: p.json<Progress>().nullable(),
    /** Grows with every change of the row. */
    version: p.integer().default(1),
    idempotencyKey: p.text().nullable(),
    requestHash: p.text().nullable(),
    traceContext: p.json<TraceContext>().nullable(),
    /** Whose hold ended last, and how: what that worker's heartbeat is told. */
    holdEndedWorkerId: p.uuid().nullable(),
    holdEndedReason: p.text().nullable(),
  },
});
