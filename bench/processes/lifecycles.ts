import { JoblibClient } from "joblib";
import { inFlight, now } from "../clock.ts";
import { ROOM } from "../services/product.ts";
import { Noop } from "../subjects/jobs.ts";
import { answer } from "./answer.ts";

/** Whom a process of raw requests talks to. */
export interface Server {
  readonly url: string;
  readonly token: string;
}

const NOTE = "a small payload of about one hundred bytes, as a job would carry in practice";

let client: JoblibClient | undefined;
let workerId = "";
let names: readonly string[] = [];
let completed = 0;

const opened = (): JoblibClient => {
  if (client === undefined) throw new Error("the process is not open");
  return client;
};

/** One task's whole life in three requests: submit, claim (which starts it), complete. */
const lifecycle = async (i: number): Promise<void> => {
  const api = opened();
  const job_name = `private:bench:${names[i % names.length]}`;
  const payload = { i, t: 0, note: NOTE };
  await api.call("submitTask", { params: { room_id: ROOM, job_name }, body: { payload } });
  const { task } = (await api.call("claimTask", { body: { worker_id: workerId, start: true } })).body;
  // Whoever was faster took it; there is another one for this loop, or will be.
  if (task === null) return;
  const update = { status: "completed", worker_id: workerId, attempt: task.attempt } as const;
  await api.call("updateTask", { params: { task_id: task.id }, body: update });
  completed += 1;
};

const calls = {
  /** One worker with so many jobs. */
  async open({ server, jobs }: { server: Server; jobs: number }) {
    client = new JoblibClient(server);
    workerId = (await client.call("createWorker", { body: { name: "bench" } })).body.id;
    names = Array.from({ length: jobs }, (_, k) => (k === 0 ? "Noop" : `Noop${k}`));
    for (const name of names) {
      const body = { category: "bench", name, schema: Noop.schema, worker_id: workerId };
      await client.call("registerJob", { params: { room_id: ROOM }, body });
    }
  },
  /** Whole lives a second, with so many in flight. */
  async run({ width, seconds }: { width: number; seconds: number }) {
    completed = 0;
    const began = now();
    await inFlight({ width, count: Number.POSITIVE_INFINITY, seconds }, lifecycle);
    return (completed * 1000) / (now() - began);
  },
};
export type LifecycleCalls = typeof calls;

answer(calls);
