import { JobManager } from "joblib";
import pg from "pg";
import { ROOM } from "../services/joblib-server.ts";
import { Noop, PayloadSchema } from "./jobs.ts";
import type { Endpoints, Payload, Subject, Worker } from "./subject.ts";

/**
 * The settings that the documentation recommends for throughput: 500 concurrent handlers, and
 * claims and completions in batches.
 */
export const FAST = { concurrency: 500, start: true };
/**
 * The setting that the documentation recommends for latency: one task at a time, and the claim also
 * starts the task, as in the other libraries.
 */
const LOW_LATENCY = { start: true };
/** Number of concurrent loops in the setting `one-per-request`. */
const LOOPS = 64;
const WAIT_SECONDS = 20;

type OnTask = (payload: Payload) => void;

const createManager = ({ url, token }: Endpoints, onTask?: OnTask): JobManager<OnTask> => {
  const jobs = new JobManager<OnTask>({ url, token, room: ROOM }, onTask);
  jobs.register(Noop);
  return jobs;
};

/**
 * Claims and completes one task per request, as a simple worker in another language would. The
 * claim also starts the task.
 */
const runOnePerRequest = async ({ client, workerId = "" }: JobManager<OnTask>, onTask: OnTask) => {
  for (;;) {
    const claim = { body: { worker_id: workerId, start: true } };
    const { task } = (await client.call("claimTask", claim, { wait: WAIT_SECONDS })).body;
    if (task === null) continue;
    onTask(PayloadSchema.parse(task.payload));
    const update = { status: "completed", worker_id: workerId, attempt: task.attempt } as const;
    await client.tasks.update(task.id, update);
  }
};

/** joblib over HTTP, through its SDK. */
export const joblib: Subject = {
  async producer(endpoints) {
    const jobs = createManager(endpoints);
    const pool = new pg.Pool({ connectionString: endpoints.databaseUrl, max: 1 });
    pool.on("error", () => {});
    return {
      add: (payload) => jobs.submit(new Noop(payload)),
      addMany: (payloads) => jobs.submit(payloads.map((payload) => new Noop(payload))),
      async addAndWait(payload) {
        const { id } = await jobs.submit(new Noop(payload));
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

  async worker(endpoints, setting, onTask): Promise<Worker> {
    const jobs = createManager(endpoints, onTask);
    await jobs.ready();
    return {
      async start() {
        if (setting === "default") void jobs.run(LOW_LATENCY);
        else if (setting === "fast") void jobs.run(FAST);
        else for (let loop = 0; loop < LOOPS; loop += 1) void runOnePerRequest(jobs, onTask);
      },
    };
  },
};
