import type { JobRecord, NewJob, RegisterOutcome } from "../records.ts";
import { isUuid } from "./ids.ts";
import type { JobStorage } from "./ports/jobs.ts";
import { findJob, findJobById, findJobIdsByAddress, findRegisteredJob } from "./queries/jobs/find-job.ts";
import { linkWorker, lockWorkerForKeyShare } from "./queries/jobs/link-worker.ts";
import { listJobs } from "./queries/jobs/list-jobs.ts";
import { insertJob, lockJob, updateJobMetadata } from "./queries/jobs/upsert-job.ts";
import { insertWorker } from "./queries/workers/insert-worker.ts";
import { toJobRecord, toRegisteredJob } from "./rows.ts";
import type { Sql } from "./sessions/orm.ts";
import type { Sessions } from "./sessions/sessions.ts";

/** Maximum number of attempts. An attempt fails if a job is removed after the insert has found it. */
const MAX_TRIES = 20;

const readLockedJob = async (db: Sql, id: string, aliveWithinSeconds: number): Promise<JobRecord> => {
  const row = await findJobById(db, id, aliveWithinSeconds);
  if (row === undefined) throw new Error("a locked job does not exist");
  return toJobRecord(row);
};

/** Inserts the job, or locks the registered one and compares the schemas. */
const insertOrLock = async (db: Sql, job: NewJob) => {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    if (await insertJob(db, job)) return { id: job.id, kind: "created" } as const;
    const registered = await lockJob(db, job);
    if (registered !== undefined) {
      const kind = registered.schema_hash === job.schemaHash ? "matched" : "conflict";
      return { id: registered.id, kind } as const;
    }
  }
  throw new Error("the job was removed repeatedly while it was being registered");
};

const register = async (db: Sql, job: NewJob, aliveWithinSeconds: number): Promise<RegisterOutcome> => {
  const { worker } = job;
  const isExisting = "id" in worker;
  if (isExisting && !(await lockWorkerForKeyShare(db, worker.id))) return { kind: "worker-not-found" };

  const { id, kind } = await insertOrLock(db, job);
  if (kind === "conflict") return { kind, registered: await readLockedJob(db, id, aliveWithinSeconds) };
  if (kind === "matched") await updateJobMetadata(db, id, job);

  const workerId = isExisting ? worker.id : (await insertWorker(db, worker.create)).id;
  await linkWorker(db, workerId, id);
  return { kind, job: await readLockedJob(db, id, aliveWithinSeconds), workerId };
};

export const createJobStorage = ({ run, transaction }: Sessions): JobStorage => ({
  async register(job, aliveWithinSeconds) {
    if ("id" in job.worker && !isUuid(job.worker.id)) return { kind: "worker-not-found" };
    return transaction((db) => register(db, job, aliveWithinSeconds));
  },

  async find(address, aliveWithinSeconds) {
    const row = await run((db) => findJob(db, address, aliveWithinSeconds));
    return row && toJobRecord(row);
  },

  async findWithoutCounts(address) {
    const row = await run((db) => findRegisteredJob(db, address));
    return row && toRegisteredJob(row);
  },

  async findIds(address) {
    return run((db) => findJobIdsByAddress(db, address));
  },

  async findById(id, aliveWithinSeconds) {
    if (!isUuid(id)) return undefined;
    const row = await run((db) => findJobById(db, id, aliveWithinSeconds));
    return row && toJobRecord(row);
  },

  async list(rooms, window, aliveWithinSeconds) {
    const { rows, total } = await run((db) => listJobs(db, rooms, window, aliveWithinSeconds));
    return { items: rows.map(toJobRecord), total };
  },
});
