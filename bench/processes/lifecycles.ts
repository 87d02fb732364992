import { JoblibClient } from "joblib";
import { now, runConcurrently } from "../clock.ts";
import { ROOM } from "../services/joblib-server.ts";
import { Noop } from "../subjects/jobs.ts";
import { serveCalls } from "./serve-calls.ts";

/** The server to which a process sends its requests. */
export interface Server {
  readonly url: string;
  readonly token: string;
}

const NOTE = "a small payload of about one hundred bytes, as a job would carry in practice";

let client: JoblibClient | undefined;
let workerId = "";
let names: readonly string[] = [];
let completed = 0;

const getClient = (): JoblibClient => {
  if (client === undefined) throw new Error("`open` must be called first");
  return client;
};

/** Number of concurrent registrations. */
const REGISTRATIONS = 32;
const REGISTRATION_SECONDS = 120;

/**
 * Runs the full lifecycle of a task in three requests: a submit, a claim that also starts the task,
 * and a completion.
 */
const runLifecycle = async (i: number): Promise<void> => {
  const api = getClient();
  const job_name = `private:bench:${names[i % names.length]}`;
  const payload = { i, t: 0, note: NOTE };
  await api.tasks.submit(ROOM, job_name, { payload });
  const { task } = (await api.call("claimTask", { body: { worker_id: workerId, start: true } })).body;
  // A concurrent loop has claimed the task that this loop submitted, and will complete it.
  if (task === null) return;
  const update = { status: "completed", worker_id: workerId, attempt: task.attempt } as const;
  await api.tasks.update(task.id, update);
  completed += 1;
};

const sendHeartbeat = () =>
  getClient()
    .workers.heartbeat(workerId, { tasks: [] })
    .catch(() => {});

const registerJob = (i: number) => {
  const body = { category: "bench", name: names[i] ?? "", schema: Noop.schema, worker_id: workerId };
  return getClient().jobs.register(ROOM, body);
};

const calls = {
  /** Creates a worker and registers the given number of jobs. */
  async open({ server, jobs }: { server: Server; jobs: number }) {
    client = new JoblibClient(server);
    const { id, heartbeat_seconds } = await client.workers.create({ name: "bench" });
    workerId = id;
    setInterval(sendHeartbeat, heartbeat_seconds * 1000);
    names = Array.from({ length: jobs }, (_, k) => (k === 0 ? "Noop" : `Noop${k}`));
    const limits = { width: REGISTRATIONS, count: jobs, seconds: REGISTRATION_SECONDS };
    const registered = await runConcurrently(limits, registerJob);
    if (registered < jobs) throw new Error(`only ${registered} of ${jobs} jobs were registered in time`);
  },
  /** Returns the number of lifecycles per second with `width` lifecycles in flight. */
  async run({ width, seconds }: { width: number; seconds: number }) {
    completed = 0;
    const began = now();
    await runConcurrently({ width, count: Number.POSITIVE_INFINITY, seconds }, runLifecycle);
    return (completed * 1000) / (now() - began);
  },
};
export type LifecycleCalls = typeof calls;

serveCalls(calls);
