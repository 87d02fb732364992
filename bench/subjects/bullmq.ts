import { Queue, QueueEvents, Worker } from "bullmq";
import { type Parcel, type Place, QUEUE, type Subject } from "./subject.ts";

/** The concurrency that its documentation shows; 1 is its default. */
const FAST = { concurrency: 100 };

const connectionOf = ({ redisUrl }: Place) => {
  const { hostname, port } = new URL(redisUrl);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
};

/** BullMQ on Redis. */
export const bullmq: Subject = {
  async producer(place) {
    const connection = connectionOf(place);
    const queue = new Queue<Parcel>(QUEUE, { connection });
    queue.on("error", () => {});
    await queue.waitUntilReady();
    let events: QueueEvents | undefined;
    const listening = async () => {
      // From its first event on: by default it begins with what comes after its first look, which is after it says it is ready.
      events = new QueueEvents(QUEUE, { connection, lastEventId: "0" });
      await events.waitUntilReady();
      return events;
    };
    return {
      add: (parcel) => queue.add("noop", parcel),
      addMany: (parcels) => queue.addBulk(parcels.map((data) => ({ name: "noop", data }))),
      async addAndWait(parcel) {
        const heard = events ?? (await listening());
        const job = await queue.add("noop", parcel);
        await job.waitUntilFinished(heard);
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

  async worker(place, setting, onTask) {
    const options = { connection: connectionOf(place), autorun: false, ...(setting === "fast" ? FAST : {}) };
    const worker = new Worker<Parcel>(QUEUE, async ({ data }) => onTask(data), options);
    worker.on("error", () => {});
    await worker.waitUntilReady();
    return {
      async start() {
        void worker.run();
      },
    };
  },
};
