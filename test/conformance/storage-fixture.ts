import { sql } from "kysely";
import { v7 as uuid } from "uuid";
import { DEFAULT_BACKOFF } from "../../protocol/index.ts";
import type { Orm } from "../../server/storage/sessions.ts";
import type { NewJob, NewTask, Storage, TaskRecord, Transition } from "../../server/storage/storage.ts";

/** What a suite is given: a migrated database of its own. */
export interface Opened {
  readonly storage: Storage;
  readonly orm: Orm;
  close(): Promise<void>;
}

/** How long a worker counts as alive in these tests. */
export const ALIVE = 60;

/** An id as the server mints them. */
export const newId = (): string => uuid();

/** A registration under a name of its own, by a worker that is made with it. */
export const aRegistration = (job: Partial<NewJob> = {}): NewJob => ({
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
export interface ARegisteredJob {
  readonly id: string;
  readonly workerId: string;
  readonly registration: NewJob;
}

/** Registers a job. */
export const aJob = async (storage: Storage, job: Partial<NewJob> = {}): Promise<ARegisteredJob> => {
  const registration = aRegistration(job);
  const outcome = await storage.jobs.register(registration, ALIVE);
  if (outcome.kind !== "created" && outcome.kind !== "matched") throw new Error(outcome.kind);
  return { id: outcome.job.id, workerId: outcome.workerId, registration };
};

/** Lets one more worker register the same job. */
export const anotherWorker = async (storage: Storage, job: ARegisteredJob): Promise<string> => {
  const worker = { create: { id: newId(), name: null, userId: "worker-user" } };
  const { workerId } = await aJob(storage, { ...job.registration, id: newId(), worker });
  return workerId;
};

/** A task to be inserted. */
export const aTask = (jobId: string, task: Partial<NewTask> = {}): NewTask => ({
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
export const insertAll = async (
  storage: Storage,
  tasks: readonly NewTask[],
): Promise<readonly TaskRecord[]> => {
  const outcome = await storage.tasks.insert(tasks, { aliveWithinSeconds: ALIVE });
  if (outcome.kind !== "inserted") throw new Error(outcome.kind);
  return outcome.records();
};

/** Inserts one task of a job. */
export const aPendingTask = async (
  storage: Storage,
  job: ARegisteredJob,
  task: Partial<NewTask> = {},
): Promise<TaskRecord> => only(await insertAll(storage, [aTask(job.id, task)]));

/** The only member of a list. */
export const only = <Item>(items: readonly Item[] | undefined): Item => {
  const [item] = items ?? [];
  if (item === undefined || items?.length !== 1) throw new Error(`expected one, got ${items?.length}`);
  return item;
};

/** Claims one task, which must be there. */
export const claimOne = async (storage: Storage, workerId: string, start = false): Promise<TaskRecord> =>
  only(await storage.tasks.claim(workerId, 1, start));

/** A task that the job's worker runs. */
export const aRunningTask = async (
  storage: Storage,
  job: ARegisteredJob,
  task: Partial<NewTask> = {},
): Promise<TaskRecord> => {
  const { task: pending } = await aPendingTask(storage, job, task);
  const running = await claimOne(storage, job.workerId, true);
  if (running.task.id !== pending.id) throw new Error("another task was claimed");
  return running;
};

/** Reads a task that must be there. */
export const read = async (storage: Storage, id: string, queuePosition = false): Promise<TaskRecord> => {
  const record = await storage.tasks.find(id, { queuePosition });
  if (record === undefined) throw new Error(`no task ${id}`);
  return record;
};

/** Takes a step that must be possible. */
export const step = async (storage: Storage, transition: Transition): Promise<TaskRecord> => {
  const record = await storage.tasks.transition(transition);
  if (record === undefined) throw new Error(`no step to ${transition.to}`);
  return record;
};

/** Lets a worker's last sign of life lie in the past. */
export const age = async ({ orm }: Opened, workerId: string, seconds: number): Promise<void> => {
  await sql`update joblib.worker set last_heartbeat = now() - make_interval(secs => ${seconds}::float8)
    where id = ${workerId}::uuid`.execute(orm.em.fork().getKysely());
};

/** Lets a task's times lie further back. */
export const ageTask = async ({ orm }: Opened, id: string, seconds: number): Promise<void> => {
  await sql`update joblib.task set
      run_at = run_at - make_interval(secs => ${seconds}::float8),
      claimed_at = claimed_at - make_interval(secs => ${seconds}::float8),
      started_at = started_at - make_interval(secs => ${seconds}::float8),
      completed_at = completed_at - make_interval(secs => ${seconds}::float8)
    where id = ${id}::uuid`.execute(orm.em.fork().getKysely());
};
