import { JobManager } from "joblib";
import pg from "pg";
import { ROOM } from "../services/product.ts";
import { Noop, ParcelSchema } from "./jobs.ts";
import type { Parcel, Place, Subject, Worker } from "./subject.ts";

/** The documented fast setting of a worker: that many handlers at a time, claimed and completed many at once. */
export const FAST = { concurrency: 500, start: true };
/** The documented setting of a worker that answers quickly: one at a time, started by its claim as every peer does. */
const QUICK = { start: true };
/** Loops of the variant that never takes more than one task with a request. */
const LOOPS = 64;
const WAIT_SECONDS = 20;

type OnTask = (parcel: Parcel) => void;

const managerOf = ({ url, token }: Place, onTask?: OnTask): JobManager<OnTask> => {
  const jobs = new JobManager<OnTask>({ url, token, room: ROOM }, onTask);
  jobs.register(Noop);
  return jobs;
};

/** A claim and an update for each task, as a simple worker in another language would: the claim starts it. */
const onePerRequest = async ({ client, workerId = "" }: JobManager<OnTask>, onTask: OnTask) => {
  for (;;) {
    const claim = { body: { worker_id: workerId, start: true } };
    const { task } = (await client.call("claimTask", claim, { wait: WAIT_SECONDS })).body;
    if (task === null) continue;
    onTask(ParcelSchema.parse(task.payload));
    const update = { status: "completed", worker_id: workerId, attempt: task.attempt } as const;
    await client.call("updateTask", { params: { task_id: task.id }, body: update });
  }
};

/** The product, over HTTP, by its SDK. */
export const joblib: Subject = {
  async producer(place) {
    const jobs = managerOf(place);
    const pool = new pg.Pool({ connectionString: place.databaseUrl, max: 1 });
    pool.on("error", () => {});
    return {
      add: (parcel) => jobs.submit(new Noop(parcel)),
      addMany: (parcels) => jobs.submit(parcels.map((parcel) => new Noop(parcel))),
      async addAndWait(parcel) {
        const { id } = await jobs.submit(new Noop(parcel));
        await jobs.client.awaitTask(id);
      },
      async remaining() {
        const open = "select count(*)::int as n from joblib.task where completed_at is null";
        return (await pool.query<{ n: number }>(open)).rows[0]?.n ?? 0;
      },
      async close() {
        await pool.end();
        await jobs.dispose();
      },
    };
  },

  async worker(place, setting, onTask): Promise<Worker> {
    const jobs = managerOf(place, onTask);
    await jobs.ready();
    return {
      async start() {
        if (setting === "default") void jobs.run(QUICK);
        else if (setting === "fast") void jobs.run(FAST);
        else for (let loop = 0; loop < LOOPS; loop += 1) void onePerRequest(jobs, onTask);
      },
    };
  },
};
