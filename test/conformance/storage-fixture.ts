import { sql } from "kysely";
import { v7 as uuid } from "uuid";
import type { InsertOutcome, NewJob, NewTask, TaskRecord, Transition } from "../../server/records.ts";
import type { Storage } from "../../server/storage/ports/storage.ts";
import type { Orm } from "../../server/storage/sessions/orm.ts";
import { resolveJobOptions } from "../../server/use-cases/jobs/register-job.ts";
import { resolveTaskOptions } from "../../server/use-cases/tasks/prepare-tasks.ts";

/** The storage that a suite tests, on its own migrated database. */
export interface StorageFixture {
  readonly storage: Storage;
  readonly orm: Orm;
  /**
   * True if concurrent calls share one statement, which processes the calls in the order in which
   * they were made.
   */
  readonly isBatching: boolean;
  close(): Promise<void>;
}

/** Maximum age of the last heartbeat of a live worker, in seconds. */
export const ALIVE_WITHIN_SECONDS = 60;

/** Returns a new id, as the server generates them. */
export const newId = (): string => uuid();

/** Builds the registration of a job with a unique name and a new worker. */
export const buildRegistration = (job: Partial<NewJob> = {}): NewJob => ({
  id: newId(),
  roomId: "lab",
  category: "modifiers",
  name: `Job-${uuid()}`,
  schema: { type: "object" },
  resultSchema: null,
  schemaHash: "hash",
  ...resolveJobOptions({}),
  worker: { create: { id: newId(), name: null, userId: "worker-user" } },
  ...job,
});

/** A registered job and its first worker. */
export interface RegisteredJobFixture {
  readonly id: string;
  readonly workerId: string;
  readonly registration: NewJob;
}

/**
 * Registers a job, by default with a new name and a new worker. Throws if the registration is
 * refused.
 */
export const registerJob = async (
  storage: Storage,
  job: Partial<NewJob> = {},
): Promise<RegisteredJobFixture> => {
  const registration = buildRegistration(job);
  const outcome = await storage.jobs.register(registration, ALIVE_WITHIN_SECONDS);
  if (outcome.kind !== "created" && outcome.kind !== "matched") throw new Error(outcome.kind);
  return { id: outcome.job.id, workerId: outcome.workerId, registration };
};

/** Registers the job with another worker. Returns the worker's id. */
export const registerWorker = async (storage: Storage, job: RegisteredJobFixture): Promise<string> => {
  const worker = { create: { id: newId(), name: null, userId: "worker-user" } };
  const { workerId } = await registerJob(storage, { ...job.registration, id: newId(), worker });
  return workerId;
};

export const buildTask = (jobId: string, task: Partial<NewTask> = {}): NewTask => ({
  id: newId(),
  jobId,
  schemaHash: "hash",
  roomId: "lab",
  createdById: "submitter",
  payload: {},
  ...resolveTaskOptions({}, {}),
  idempotency: null,
  ...task,
});

/** Returns the record of each inserted task. */
export const listInserted = ({ groups }: Extract<InsertOutcome, { kind: "inserted" }>): TaskRecord[] =>
  groups.flatMap(({ record, tasks }) =>
    tasks.map((task) => ({ ...record, task: { ...record.task, ...pickOwn(task) } })),
  );

const pickOwn = ({ id, payload }: Pick<NewTask, "id" | "payload">) => ({ id, payload });

/** Inserts tasks. Throws if the insert is refused. */
export const insertTasks = async (
  storage: Storage,
  tasks: readonly NewTask[],
): Promise<readonly TaskRecord[]> => {
  const outcome = await storage.queue.insert(tasks, { aliveWithinSeconds: ALIVE_WITHIN_SECONDS });
  if (outcome.kind !== "inserted") throw new Error(outcome.kind);
  return listInserted(outcome);
};

export const insertPendingTask = async (
  storage: Storage,
  job: RegisteredJobFixture,
  task: Partial<NewTask> = {},
): Promise<TaskRecord> => getOnly(await insertTasks(storage, [buildTask(job.id, task)]));

/** Returns the only item of a list. Throws if the list does not have exactly one item. */
export const getOnly = <Item>(items: readonly Item[] | undefined): Item => {
  const [item] = items ?? [];
  if (item === undefined || items?.length !== 1) throw new Error(`expected one, got ${items?.length}`);
  return item;
};

/** Claims one task. Throws if the claim returns no task. */
export const claimOne = async (storage: Storage, workerId: string, start = false): Promise<TaskRecord> =>
  getOnly(await storage.queue.claim(workerId, 1, start));

/** Inserts a task, and claims and starts it for the job's first worker. */
export const insertRunningTask = async (
  storage: Storage,
  job: RegisteredJobFixture,
  task: Partial<NewTask> = {},
): Promise<TaskRecord> => {
  const { task: pending } = await insertPendingTask(storage, job, task);
  const running = await claimOne(storage, job.workerId, true);
  if (running.task.id !== pending.id) throw new Error("another task was claimed");
  return running;
};

/** Reads a task. Throws if it does not exist. */
export const readTask = async (storage: Storage, id: string, queuePosition = false): Promise<TaskRecord> => {
  const record = await storage.tasks.find(id, { queuePosition });
  if (record === undefined) throw new Error(`no task ${id}`);
  return record;
};

/** Changes a task's status. Throws if the transition is not possible. */
export const transitionTask = async (storage: Storage, transition: Transition): Promise<TaskRecord> => {
  const record = await storage.queue.transition(transition);
  if (record === undefined) throw new Error(`cannot change the status to ${transition.to}`);
  return record;
};

/** Sets a worker's last heartbeat to a time in the past. */
export const ageHeartbeat = async (
  { orm }: StorageFixture,
  workerId: string,
  seconds: number,
): Promise<void> => {
  await sql`update joblib.worker set last_heartbeat = now() - make_interval(secs => ${seconds}::float8)
    where id = ${workerId}::uuid`.execute(orm.em.fork().getKysely());
};

/** Moves the times of a task, except its creation time, into the past. */
export const ageTask = async ({ orm }: StorageFixture, id: string, seconds: number): Promise<void> => {
  await sql`update joblib.task set
      run_at = run_at - make_interval(secs => ${seconds}::float8),
      claimed_at = claimed_at - make_interval(secs => ${seconds}::float8),
      started_at = started_at - make_interval(secs => ${seconds}::float8),
      completed_at = completed_at - make_interval(secs => ${seconds}::float8)
    where id = ${id}::uuid`.execute(orm.em.fork().getKysely());
};
