import { Queue, QueueEvents, Worker } from "bullmq";
import { type Endpoints, type Payload, QUEUE, type Subject } from "./subject.ts";

/** The concurrency in the examples of BullMQ's documentation. The default is 1. */
const FAST = { concurrency: 100 };

const toConnection = ({ redisUrl }: Endpoints) => {
  const { hostname, port } = new URL(redisUrl);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
};

/** BullMQ on Redis. */
export const bullmq: Subject = {
  async producer(endpoints) {
    const connection = toConnection(endpoints);
    const queue = new Queue<Payload>(QUEUE, { connection });
    queue.on("error", () => {});
    await queue.waitUntilReady();
    let events: QueueEvents | undefined;
    const openEvents = async () => {
      // Reads from the first event. By default, `QueueEvents` skips events that precede its first read, which happens
      // only after `waitUntilReady`.
      events = new QueueEvents(QUEUE, { connection, lastEventId: "0" });
      await events.waitUntilReady();
      return events;
    };
    return {
      add: (payload) => queue.add("noop", payload),
      addMany: (payloads) => queue.addBulk(payloads.map((data) => ({ name: "noop", data }))),
      async addAndWait(payload) {
        const queueEvents = events ?? (await openEvents());
        const job = await queue.add("noop", payload);
        await job.waitUntilFinished(queueEvents);
      },
      async remaining() {
        const { waiting = 0, active = 0 } = await queue.getJobCounts("waiting", "active");
        return waiting + active;
      },
      async close() {
        await events?.close();
        await queue.close();
      },
    };
  },

  async worker(endpoints, setting, onTask) {
    const options = {
      connection: toConnection(endpoints),
      autorun: false,
      ...(setting === "fast" ? FAST : {}),
    };
    const worker = new Worker<Payload>(QUEUE, async ({ data }) => onTask(data), options);
    worker.on("error", () => {});
    await worker.waitUntilReady();
    return {
      async start() {
        void worker.run();
      },
    };
  },
};
