import { setTimeout as delay } from "node:timers/promises";
import { JoblibClient } from "joblib";
import { now, runConcurrently } from "../clock.ts";
import { ROOM } from "../services/joblib-server.ts";
import { Noop, PayloadSchema } from "../subjects/jobs.ts";
import type { Server } from "./lifecycles.ts";
import { serveCalls } from "./serve-calls.ts";

/** Returns the duration of a waiting claim, from 20 to 25 seconds as in the SDK. */
const getWaitSeconds = () => 20 + Math.round(Math.random() * 5);
/**
 * Returns the duration of a worker's first waiting claim, in seconds. The range is larger than that
 * of later claims, so that the claims of all workers do not end at the same time.
 */
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
/**
 * Number of claims that are sent at once, and the pause between two such groups in milliseconds.
 * Workers start in groups, because the server limits the concurrent requests of a user.
 */
const CLAIMS_PER_GROUP = 100;
const GROUP_PAUSE_MS = 100;

/** Starts registered workers. */
const startWorkers = async (client: JoblibClient, ids: readonly string[], heartbeatSeconds: number) => {
  for (let start = 0; start < ids.length; start += CLAIMS_PER_GROUP) {
    for (const id of ids.slice(start, start + CLAIMS_PER_GROUP)) {
      sendHeartbeats(client, id, heartbeatSeconds);
      void claimForever(client, id);
    }
    await delay(GROUP_PAUSE_MS);
  }
};

/** The calls of a process that runs many workers. Each worker has its own waiting claim. */
const calls = {
  /** Registers and starts workers. Returns the interval of their heartbeats in seconds. */
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
  /** Starts workers that are already registered. */
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
