import { sql } from "kysely";
import { v7 as uuid } from "uuid";
import { DEFAULT_BACKOFF } from "../../protocol/index.ts";
import type { Orm } from "../../server/storage/sessions.ts";
import type { NewJob, NewTask, Storage, TaskRecord, Transition } from "../../server/storage/storage.ts";

/** What a suite is given: a migrated database of its own. */
export interface StorageFixture {
  readonly storage: Storage;
  readonly orm: Orm;
  close(): Promise<void>;
}

/** How long a worker counts as alive in these tests. */
export const ALIVE_WITHIN_SECONDS = 60;

/** An id as the server mints them. */
export const newId = (): string => uuid();

/** A registration under a name of its own, by a worker that is made with it. */
export const buildRegistration = (job: Partial<NewJob> = {}): NewJob => ({
  id: newId(),
  roomId: "lab",
  category: "modifiers",
  name: `Job-${uuid()}`,
  schema: { type: "object" },
  resultSchema: null,
  schemaHash: "hash",
  description: null,
  defaults: {},
  fairness: "fifo",
  worker: { create: { id: newId(), name: null, userId: "worker-user" } },
  ...job,
});

/** A registered job: its id, its address and its first worker. */
export interface RegisteredJobFixture {
  readonly id: string;
  readonly workerId: string;
  readonly registration: NewJob;
}

/** Registers a job. */
export const registerJob = async (
  storage: Storage,
  job: Partial<NewJob> = {},
): Promise<RegisteredJobFixture> => {
  const registration = buildRegistration(job);
  const outcome = await storage.jobs.register(registration, ALIVE_WITHIN_SECONDS);
  if (outcome.kind !== "created" && outcome.kind !== "matched") throw new Error(outcome.kind);
  return { id: outcome.job.id, workerId: outcome.workerId, registration };
};

/** Lets one more worker register the same job. */
export const registerWorker = async (storage: Storage, job: RegisteredJobFixture): Promise<string> => {
  const worker = { create: { id: newId(), name: null, userId: "worker-user" } };
  const { workerId } = await registerJob(storage, { ...job.registration, id: newId(), worker });
  return workerId;
};

/** A task to be inserted. */
export const buildTask = (jobId: string, task: Partial<NewTask> = {}): NewTask => ({
  id: newId(),
  jobId,
  schemaHash: "hash",
  roomId: "lab",
  createdById: "submitter",
  payload: {},
  priority: 0,
  maxAttempts: 1,
  backoff: DEFAULT_BACKOFF,
  timeoutSeconds: null,
  start: { inSeconds: 0 },
  idempotency: null,
  ...task,
});

/** Inserts tasks that must all get in. */
export const insertTasks = async (
  storage: Storage,
  tasks: readonly NewTask[],
): Promise<readonly TaskRecord[]> => {
  const outcome = await storage.tasks.insert(tasks, { aliveWithinSeconds: ALIVE_WITHIN_SECONDS });
  if (outcome.kind !== "inserted") throw new Error(outcome.kind);
  return outcome.records();
};

/** Inserts one task of a job. */
export const insertPendingTask = async (
  storage: Storage,
  job: RegisteredJobFixture,
  task: Partial<NewTask> = {},
): Promise<TaskRecord> => getOnly(await insertTasks(storage, [buildTask(job.id, task)]));

/** The only member of a list. */
export const getOnly = <Item>(items: readonly Item[] | undefined): Item => {
  const [item] = items ?? [];
  if (item === undefined || items?.length !== 1) throw new Error(`expected one, got ${items?.length}`);
  return item;
};

/** Claims one task, which must be there. */
export const claimOne = async (storage: Storage, workerId: string, start = false): Promise<TaskRecord> =>
  getOnly(await storage.tasks.claim(workerId, 1, start));

/** A task that the job's worker runs. */
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

/** Reads a task that must be there. */
export const readTask = async (storage: Storage, id: string, queuePosition = false): Promise<TaskRecord> => {
  const record = await storage.tasks.find(id, { queuePosition });
  if (record === undefined) throw new Error(`no task ${id}`);
  return record;
};

/** Takes a step that must be possible. */
export const transitionTask = async (storage: Storage, transition: Transition): Promise<TaskRecord> => {
  const record = await storage.tasks.transition(transition);
  if (record === undefined) throw new Error(`no step to ${transition.to}`);
  return record;
};

/** Lets a worker's last sign of life lie in the past. */
export const ageHeartbeat = async (
  { orm }: StorageFixture,
  workerId: string,
  seconds: number,
): Promise<void> => {
  await sql`update joblib.worker set last_heartbeat = now() - make_interval(secs => ${seconds}::float8)
    where id = ${workerId}::uuid`.execute(orm.em.fork().getKysely());
};

/** Lets a task's times lie further back. */
export const ageTask = async ({ orm }: StorageFixture, id: string, seconds: number): Promise<void> => {
  await sql`update joblib.task set
      run_at = run_at - make_interval(secs => ${seconds}::float8),
      claimed_at = claimed_at - make_interval(secs => ${seconds}::float8),
      started_at = started_at - make_interval(secs => ${seconds}::float8),
      completed_at = completed_at - make_interval(secs => ${seconds}::float8)
    where id = ${id}::uuid`.execute(orm.em.fork().getKysely());
};
