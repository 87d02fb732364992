import { JoblibClient } from "joblib";
import { inFlight, now } from "../clock.ts";
import { ROOM } from "../services/product.ts";
import { Noop, ParcelSchema } from "../subjects/jobs.ts";
import { answer } from "./answer.ts";
import type { Server } from "./lifecycles.ts";

/** As long as the SDK's own: 20 to 25 seconds. */
const longestTurn = () => 20 + Math.round(Math.random() * 5);
/** Workers that have waited for a while: the ends of their first turns are spread. */
const firstTurn = () => 1 + Math.round(Math.random() * 24);

let pickups: number[] = [];

/** Waits for tasks for ever, one at a time, and beats beside it as the SDK does. */
const live = async (client: JoblibClient, workerId: string, beatSeconds: number): Promise<void> => {
  const beat = () =>
    client.call("heartbeat", { params: { worker_id: workerId }, body: { tasks: [] } }).catch(() => {});
  setTimeout(() => setInterval(beat, beatSeconds * 1000), Math.random() * beatSeconds * 1000);

  for (let wait = firstTurn(); ; wait = longestTurn()) {
    const claim = { body: { worker_id: workerId, start: true } };
    const { task } = (await client.call("claimTask", claim, { wait })).body;
    if (task === null) continue;
    pickups.push(now() - ParcelSchema.parse(task.payload).t);
    const update = { status: "completed", worker_id: workerId, attempt: task.attempt } as const;
    await client.call("updateTask", { params: { task_id: task.id }, body: update });
  }
};

/** Many workers in one process: the claims of each are its own requests, held open by the server. */
const calls = {
  async open({ server, workers }: { server: Server; workers: number }) {
    const client = new JoblibClient(server);
    const made: (() => Promise<void>)[] = [];
    await inFlight({ width: 32, count: workers, seconds: 60 }, async (i) => {
      const { id, heartbeat_seconds } = (await client.call("createWorker", { body: { name: `waiter ${i}` } }))
        .body;
      const body = { category: "bench", name: Noop.name, schema: Noop.schema, worker_id: id };
      await client.call("registerJob", { params: { room_id: ROOM }, body });
      made.push(() => live(client, id, heartbeat_seconds));
    });
    if (made.length < workers) throw new Error(`only ${made.length} workers were announced in time`);
    for (const start of made) void start();
  },
  takePickups() {
    const taken = pickups;
    pickups = [];
    return taken;
  },
};
export type WaiterCalls = typeof calls;

answer(calls);
