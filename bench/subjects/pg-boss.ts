import pg from "pg";
import { PgBoss } from "pg-boss";
import { type Parcel, type Place, QUEUE, type Setting, type Subject } from "./subject.ts";

/** NOTIFY in the place of its poll every 2 s, batches, and the next batch at once while they come full. */
const FAST = { batchSize: 500, burstWhenBatchFull: true, localConcurrency: 2 };
const POOL = 10;

const open = async ({ databaseUrl }: Place, setting: Setting): Promise<PgBoss> => {
  const isFast = setting === "fast";
  const boss = new PgBoss({ connectionString: databaseUrl, max: POOL, useListenNotify: isFast });
  boss.on("error", () => {});
  await boss.start();
  if (!(await boss.getQueue(QUEUE))) await boss.createQueue(QUEUE, isFast ? { notify: true } : {});
  return boss;
};

/** pg-boss on PostgreSQL. */
export const pgBoss: Subject = {
  async producer(place, setting) {
    const boss = await open(place, setting);
    const pool = new pg.Pool({ connectionString: place.databaseUrl, max: 1 });
    pool.on("error", () => {});
    return {
      add: (parcel) => boss.send(QUEUE, parcel),
      addMany: (parcels) =>
        boss.insert(
          QUEUE,
          parcels.map((data) => ({ data })),
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

  async worker(place, setting, onTask) {
    const boss = await open(place, setting);
    const handle = async (jobs: readonly { data: Parcel }[]) => {
      for (const { data } of jobs) onTask(data);
    };
    return {
      async start() {
        if (setting === "fast") await boss.work<Parcel>(QUEUE, FAST, handle);
        else await boss.work<Parcel>(QUEUE, handle);
      },
    };
  },
};
