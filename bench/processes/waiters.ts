import { JoblibClient } from "joblib";
import { now, runConcurrently } from "../clock.ts";
import { ROOM } from "../services/joblib-server.ts";
import { Noop, PayloadSchema } from "../subjects/jobs.ts";
import type { Server } from "./lifecycles.ts";
import { serveCalls } from "./serve-calls.ts";

/** Returns the wait of a claim in seconds, 20 to 25 like the SDK's. */
const getWaitSeconds = () => 20 + Math.round(Math.random() * 5);
/** Returns the wait of the first claim in seconds. It varies more, so that the claims of all workers do not end together. */
const getFirstWaitSeconds = () => 1 + Math.round(Math.random() * 24);

let pickups: number[] = [];

/** Claims and completes tasks forever, one at a time, and sends heartbeats at the interval of the SDK. */
const runWorker = async (client: JoblibClient, workerId: string, heartbeatSeconds: number): Promise<void> => {
  const sendHeartbeat = () => client.workers.heartbeat(workerId, { tasks: [] }).catch(() => {});
  setTimeout(
    () => setInterval(sendHeartbeat, heartbeatSeconds * 1000),
    Math.random() * heartbeatSeconds * 1000,
  );

  for (let wait = getFirstWaitSeconds(); ; wait = getWaitSeconds()) {
    const claim = { body: { worker_id: workerId, start: true } };
    const { task } = (await client.call("claimTask", claim, { wait })).body;
    if (task === null) continue;
    pickups.push(now() - PayloadSchema.parse(task.payload).t);
    const update = { status: "completed", worker_id: workerId, attempt: task.attempt } as const;
    await client.tasks.update(task.id, update);
  }
};

/** Runs many workers in one process. Each has its own waiting claim. */
const calls = {
  async open({ server, workers }: { server: Server; workers: number }) {
    const client = new JoblibClient(server);
    const starters: (() => Promise<void>)[] = [];
    await runConcurrently({ width: 32, count: workers, seconds: 60 }, async (i) => {
      const { id, heartbeat_seconds } = await client.workers.create({ name: `waiter ${i}` });
      const body = { category: "bench", name: Noop.name, schema: Noop.schema, worker_id: id };
      await client.jobs.register(ROOM, body);
      starters.push(() => runWorker(client, id, heartbeat_seconds));
    });
    if (starters.length < workers) throw new Error(`only ${starters.length} workers registered in time`);
    for (const start of starters) void start();
  },
  collectPickups() {
    const previous = pickups;
    pickups = [];
    return previous;
  },
};
export type WaiterCalls = typeof calls;

serveCalls(calls);
