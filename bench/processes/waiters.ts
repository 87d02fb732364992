import { setTimeout as delay } from "node:timers/promises";
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

/** Sends heartbeats at the interval of the SDK. */
const sendHeartbeats = (client: JoblibClient, workerId: string, heartbeatSeconds: number): void => {
  const sendHeartbeat = () => client.workers.heartbeat(workerId, { tasks: [] }).catch(() => {});
  setTimeout(
    () => setInterval(sendHeartbeat, heartbeatSeconds * 1000),
    Math.random() * heartbeatSeconds * 1000,
  );
};

/** Claims and completes tasks forever, one at a time. */
const claimForever = async (client: JoblibClient, workerId: string): Promise<void> => {
  for (let wait = getFirstWaitSeconds(); ; wait = getWaitSeconds()) {
    const claim = { body: { worker_id: workerId, start: true } };
    const { task } = (await client.call("claimTask", claim, { wait })).body;
    if (task === null) continue;
    pickups.push(now() - PayloadSchema.parse(task.payload).t);
    const update = { status: "completed", worker_id: workerId, attempt: task.attempt } as const;
    await client.tasks.update(task.id, update);
  }
};

const OPEN_SECONDS = 60;
/** The number of claims that are sent at once, and the pause after them. The server limits the requests of a user. */
const STARTS = 100;
const START_MS = 100;

/** Starts registered workers. */
const startWorkers = async (client: JoblibClient, ids: readonly string[], heartbeatSeconds: number) => {
  for (let start = 0; start < ids.length; start += STARTS) {
    for (const id of ids.slice(start, start + STARTS)) {
      sendHeartbeats(client, id, heartbeatSeconds);
      void claimForever(client, id);
    }
    await delay(START_MS);
  }
};

/** Runs many workers in one process. Each has its own waiting claim. */
const calls = {
  /** Registers and starts workers. Returns the seconds between their heartbeats. */
  async open({ server, workers }: { server: Server; workers: number }) {
    const client = new JoblibClient(server);
    const ids: string[] = [];
    let heartbeatSeconds = 0;
    await runConcurrently({ width: 32, count: workers, seconds: OPEN_SECONDS }, async (i) => {
      const { id, heartbeat_seconds } = await client.workers.create({ name: `waiter ${i}` });
      const body = { category: "bench", name: Noop.name, schema: Noop.schema, worker_id: id };
      await client.jobs.register(ROOM, body);
      heartbeatSeconds = heartbeat_seconds;
      ids.push(id);
    });
    if (ids.length < workers) throw new Error(`only ${ids.length} workers registered in time`);
    await startWorkers(client, ids, heartbeatSeconds);
    return heartbeatSeconds;
  },
  /** Starts workers that are registered already. */
  start: ({ server, ids, heartbeatSeconds }: { server: Server; ids: string[]; heartbeatSeconds: number }) =>
    startWorkers(new JoblibClient(server), ids, heartbeatSeconds),
  collectPickups() {
    const previous = pickups;
    pickups = [];
    return previous;
  },
};
export type WaiterCalls = typeof calls;

serveCalls(calls);
