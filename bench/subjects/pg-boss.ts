import pg from "pg";
import { PgBoss } from "pg-boss";
import { type Endpoints, type Payload, QUEUE, type Setting, type Subject } from "./subject.ts";

/**
 * Each worker fetches a batch of jobs. If the batch is full, the worker immediately fetches another
 * one. NOTIFY replaces polling every 2 s.
 */
const FAST = { batchSize: 500, burstWhenBatchFull: true, localConcurrency: 2 };
const POOL_SIZE = 10;

const open = async ({ databaseUrl }: Endpoints, setting: Setting): Promise<PgBoss> => {
  const isFast = setting === "fast";
  const boss = new PgBoss({ connectionString: databaseUrl, max: POOL_SIZE, useListenNotify: isFast });
  boss.on("error", () => {});
  await boss.start();
  if (!(await boss.getQueue(QUEUE))) await boss.createQueue(QUEUE, isFast ? { notify: true } : {});
  return boss;
};

/** pg-boss on PostgreSQL. */
export const pgBoss: Subject = {
  async producer(endpoints, setting) {
    const boss = await open(endpoints, setting);
    const pool = new pg.Pool({ connectionString: endpoints.databaseUrl, max: 1 });
    pool.on("error", () => {});
    return {
      add: (payload) => boss.send(QUEUE, payload),
      addMany: (payloads) =>
        boss.insert(
          QUEUE,
          payloads.map((data) => ({ data })),
        ),
      async remaining() {
        const open = `select count(*)::int as n from pgboss.job where name = $1 and state < 'completed'`;
        return (await pool.query<{ n: number }>(open, [QUEUE])).rows[0]?.n ?? 0;
      },
      async close() {
        await pool.end();
        await boss.stop({ graceful: false });
      },
    };
  },

  async worker(endpoints, setting, onTask) {
    const boss = await open(endpoints, setting);
    const handle = async (jobs: readonly { data: Payload }[]) => {
      for (const { data } of jobs) onTask(data);
    };
    return {
      async start() {
        if (setting === "fast") await boss.work<Payload>(QUEUE, FAST, handle);
        else await boss.work<Payload>(QUEUE, handle);
      },
    };
  },
};
