import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  withBackend,
} from "bullmq";
import { type Endpoints, type Payload, QUEUE, type Subject } from "./subject.ts";

/** The concurrency in the examples of BullMQ's documentation. BullMQ's default is 1. */
const FAST = { concurrency: 100 };

/** Creates a subject for BullMQ with one of its backends, which all have the same API. */
const createSubject = <Backend extends IQueueBackend, Connection>(
  factory: BackendFactory<Backend, Connection>,
  toConnection: (endpoints: Endpoints) => Connection,
): Subject => {
  const { Queue, QueueEvents, Worker } = withBackend(factory);
  return {
    async producer(endpoints) {
      const connection = toConnection(endpoints);
      const queue = new Queue<Payload>(QUEUE, { connection });
      queue.on("error", () => {});
      await queue.waitUntilReady();
      const openEvents = async () => {
        // Reads all events from the first one. By default, `QueueEvents` skips events before its
        // first read, which happens only after `waitUntilReady`.
        const events = new QueueEvents(QUEUE, { connection, lastEventId: "0" });
        await events.waitUntilReady();
        return events;
      };
      let events: Awaited<ReturnType<typeof openEvents>> | undefined;
      return {
        add: (payload) => queue.add("noop", payload),
        addMany: (payloads) => queue.addBulk(payloads.map((data) => ({ name: "noop", data }))),
        async addAndWait(payload) {
          events ??= await openEvents();
          const job = await queue.add("noop", payload);
          await job.waitUntilFinished(events);
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
};

/** BullMQ on Redis. */
export const bullmq = createSubject(createRedisBackend, ({ redisUrl }) => {
  const { hostname, port } = new URL(redisUrl);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
});

/** BullMQ on PostgreSQL with the default size of its connection pool. */
export const bullmqOnPostgres = createSubject(createPostgresBackend, ({ databaseUrl }) => ({
  connectionString: databaseUrl,
  migrate: true,
}));
