import { defineEntity, p } from "@mikro-orm/core";
import type {
  AttemptError,
  Backoff,
  Fairness,
  JsonObject,
  JsonValue,
  LogLevel,
  OutputPart,
  Progress,
  TaskDefaults,
  TraceContext,
} from "../../protocol/index.ts";

/**
 * Returns the names of an entity and its table. Entity names start with `Joblib`, because the host
 * application may have its own entity `Job` or `Task`.
 */
const named = <const Name extends string, const Table extends string>(name: Name, tableName: Table) =>
  ({ name, tableName, schema: "joblib" }) as const;

export const JobEntity = defineEntity({
  ...named("JoblibJob", "job"),
  properties: {
    id: p.uuid().primary(),
    roomId: p.text(),
    category: p.text(),
    name: p.text(),
    schema: p.json<JsonObject>(),
    /** The schema as `json`, which keeps the order of its members. `jsonb` does not. */
    writtenSchema: p.json<JsonObject>().columnType("json").nullable(),
    resultSchema: p.json<JsonObject>().nullable(),
    schemaHash: p.text(),
    description: p.text().nullable(),
    defaults: p.json<TaskDefaults>(),
    fairness: p.text().$type<Fairness>().default("fifo"),
    createdAt: p.datetime().defaultRaw("now()"),
    /**
     * Null while the job is registered. A removed job keeps its row, because its tasks stay
     * readable.
     */
    removedAt: p.datetime().nullable(),
  },
});

export const WorkerEntity = defineEntity({
  ...named("JoblibWorker", "worker"),
  properties: {
    id: p.uuid().primary(),
    name: p.text().nullable(),
    userId: p.text(),
    lastHeartbeat: p.datetime().defaultRaw("now()"),
    /**
     * The jobs that the worker was linked to before it was drained. Null if the worker is not
     * draining.
     */
    drainedJobs: p.json<string[]>().nullable(),
    /** Increases with each change of the worker's links to jobs. */
    jobsVersion: p.integer().default(0),
    createdAt: p.datetime().defaultRaw("now()"),
  },
});

/**
 * Links a worker to a job that it can run. It is an explicit entity, because the type `Tables` is
 * derived from the entities and would otherwise lack this table.
 */
export const WorkerJobEntity = defineEntity({
  ...named("JoblibWorkerJob", "worker_job"),
  properties: {
    workerId: p.uuid().primary(),
    jobId: p.uuid().primary(),
  },
});

export const TaskEntity = defineEntity({
  ...named("JoblibTask", "task"),
  properties: {
    id: p.uuid().primary(),
    /**
     * Orders the tasks with the same priority, lowest number first. A requeued task keeps its
     * number.
     */
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
    /**
     * True if a statement has found that `run_at` has passed. The index for claims contains only
     * tasks for which this column is true.
     */
    due: p.boolean(),
    /**
     * True if room fairness determined `number`. Then tasks of other rooms may have the same
     * number.
     */
    numberedByRoom: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw("now()"),
    claimedAt: p.datetime().nullable(),
    startedAt: p.datetime().nullable(),
    completedAt: p.datetime().nullable(),
    createdById: p.text(),
    /**
     * Not a foreign key, because a finished task keeps its worker's id after the worker is gone.
     */
    workerId: p.uuid().nullable(),
    error: p.text().nullable(),
    errors: p.json<AttemptError[]>(),
    result: p.json<JsonValue>().nullable(),
    progress: p.json<Progress>().nullable(),
    version: p.integer().default(1),
    idempotencyKey: p.text().nullable(),
    requestHash: p.text().nullable(),
    traceContext: p.json<TraceContext>().nullable(),
    /**
     * The worker whose lease on this task ended last. The response to this worker's next heartbeat
     * contains the reason.
     */
    endedLeaseWorkerId: p.uuid().nullable(),
    endedLeaseReason: p.text().nullable(),
  },
});

/**
 * The entry of a task in the lists of its room and its job. An entry is inserted and deleted with
 * its task, and never updated.
 */
export const TaskListingEntity = defineEntity({
  ...named("JoblibTaskListing", "task_listing"),
  properties: {
    roomId: p.text().primary(),
    createdAt: p.datetime().primary(),
    taskId: p.uuid().primary(),
    jobId: p.uuid(),
  },
});

export const LateResultEntity = defineEntity({
  ...named("JoblibLateResult", "late_result"),
  properties: {
    taskId: p.uuid().primary(),
    attempt: p.integer().primary(),
    workerId: p.uuid().primary(),
    userId: p.text(),
    result: p.json<JsonValue>().nullable(),
    receivedAt: p.datetime().defaultRaw("clock_timestamp()"),
  },
});

/**
 * The `number` of the last task that a room has submitted to a job with room fairness, for each
 * priority.
 */
export const RoomQueueEntity = defineEntity({
  ...named("JoblibRoomQueue", "room_queue"),
  properties: {
    jobId: p.uuid().primary(),
    roomId: p.text().primary(),
    priority: p.integer().primary(),
    number: p.bigint(),
    tasks: p.integer(),
  },
});

export const TaskLogEntity = defineEntity({
  ...named("JoblibTaskLog", "task_log"),
  properties: {
    taskId: p.uuid().primary(),
    attempt: p.integer().primary(),
    number: p.integer().primary(),
    at: p.datetime(),
    level: p.text().$type<LogLevel>(),
    text: p.text(),
  },
});

/** Consecutive parts of the output of one attempt. */
export const TaskOutputEntity = defineEntity({
  name: "JoblibTaskOutput",
  tableName: "task_output",
  schema: "joblib",
  properties: {
    taskId: p.uuid().primary(),
    attempt: p.integer().primary(),
    /** Number of the first part. */
    number: p.integer().primary(),
    /** Number after the last part. */
    next: p.integer(),
    /** Size of the attempt's output up to the end of these parts. */
    bytes: p.bigint(),
    parts: p.json<OutputPart[]>().columnType("json"),
  },
});

/** A temporary invitation to a room. Its token is not stored. */
export const InvitationEntity = defineEntity({
  ...named("JoblibInvitation", "invitation"),
  properties: {
    id: p.uuid().primary(),
    roomId: p.text(),
    jobs: p.json<string[]>().nullable(),
    note: p.text().nullable(),
    createdById: p.text(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    revokedAt: p.datetime().nullable(),
  },
});

/** A source of data that workers serve on demand. */
export const ProviderEntity = defineEntity({
  name: "JoblibProvider",
  tableName: "provider",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    roomId: p.text(),
    category: p.text(),
    name: p.text(),
    schema: p.json<JsonObject>().columnType("json"),
    schemaHash: p.text(),
    contentType: p.text(),
    description: p.text().nullable(),
    createdAt: p.datetime().defaultRaw("now()"),
    /** When a worker last served the provider. The stored time may be up to an hour too early. */
    lastWorkerAt: p.datetime().defaultRaw("now()"),
  },
});

/** The link between a worker and a provider that the worker serves. */
export const WorkerProviderEntity = defineEntity({
  name: "JoblibWorkerProvider",
  tableName: "worker_provider",
  schema: "joblib",
  properties: {
    workerId: p.uuid().primary(),
    providerId: p.uuid().primary(),
  },
});

/** A file of a room, whose content is in the storage for files. */
export const FileEntity = defineEntity({
  name: "JoblibFile",
  tableName: "file",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    roomId: p.text(),
    name: p.text(),
    mediaType: p.text(),
    size: p.bigint(),
    /** Null until the upload is complete. */
    sha256: p.text().nullable(),
    declaredSha256: p.text().nullable(),
    /** The task whose worker created the file, and the attempt. */
    taskId: p.uuid().nullable(),
    attempt: p.integer().nullable(),
    /** Number of stored bytes of an upload. */
    received: p.bigint().defaultRaw("0"),
    /** The request that appends to the upload, and the end of its lock. */
    writerId: p.uuid().nullable(),
    writerUntil: p.datetime().nullable(),
    createdById: p.text(),
    createdAt: p.datetime().defaultRaw("now()"),
  },
});

/** A content that is stored once for all files that have it. */
export const FileContentEntity = defineEntity({
  name: "JoblibFileContent",
  tableName: "file_content",
  schema: "joblib",
  properties: { sha256: p.text().primary(), size: p.bigint() },
});

/** A file in the payload or the result of a task. */
export const TaskFileEntity = defineEntity({
  name: "JoblibTaskFile",
  tableName: "task_file",
  schema: "joblib",
  properties: {
    taskId: p.uuid().primary(),
    role: p.text().primary(),
    pointer: p.text().primary(),
    fileId: p.uuid().primary(),
    createdAt: p.datetime().defaultRaw("now()"),
  },
});

/** joblib's entities. A host application adds them to the entities of its ORM. */
export const entities = [
  JobEntity,
  WorkerEntity,
  WorkerJobEntity,
  TaskEntity,
  TaskListingEntity,
  LateResultEntity,
  RoomQueueEntity,
  TaskLogEntity,
  TaskOutputEntity,
  InvitationEntity,
  ProviderEntity,
  WorkerProviderEntity,
  FileEntity,
  FileContentEntity,
  TaskFileEntity,
] as const;
