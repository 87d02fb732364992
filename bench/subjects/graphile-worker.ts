import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import type { Parcel, Subject } from "./subject.ts";

/** Its page on performance: many at a time, fetched 500 ahead, completed in batches. */
const FAST = {
  concurrentJobs: 24,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};
const POOL = 10;
const logger = new Logger(() => () => {});

const isParcel = (value: unknown): value is Parcel =>
  typeof value === "object" && value !== null && "i" in value && "t" in value && "note" in value;

/** graphile-worker on PostgreSQL; it deletes what is done, and so keeps no history. */
export const graphileWorker: Subject = {
  async producer({ databaseUrl }) {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL });
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    const utils = await makeWorkerUtils({ pgPool: pool, logger });
    await utils.migrate();
    return {
      add: (payload) => utils.addJob("noop", payload),
      addMany: (parcels) => utils.addJobs(parcels.map((payload) => ({ identifier: "noop", payload }))),
      async remaining() {
        const open = "select count(*)::int as n from graphile_worker._private_jobs";
        return (await pool.query<{ n: number }>(open)).rows[0]?.n ?? 0;
      },
      async close() {
        await utils.release();
        await pool.end();
      },
    };
  },

  async worker({ databaseUrl }, setting, onTask) {
    const worker = {
      connectionString: databaseUrl,
      maxPoolSize: POOL,
      ...(setting === "fast" ? FAST : {}),
    };
    const noop = async (payload: unknown) => {
      if (isParcel(payload)) onTask(payload);
    };
    return {
      async start() {
        await run({
          preset: { worker },
          logger,
          noHandleSignals: true,
          taskList: { noop },
          parsedCronItems: [],
        });
      },
    };
  },
};
