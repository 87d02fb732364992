import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import type { Payload, Subject } from "./subject.ts";

/**
 * The settings on graphile-worker's performance page: 24 concurrent jobs, a local queue of 500
 * jobs, and completion in batches.
 */
const FAST = {
  concurrentJobs: 24,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};
const POOL_SIZE = 10;
const logger = new Logger(() => () => {});

const isPayload = (value: unknown): value is Payload =>
  typeof value === "object" && value !== null && "i" in value && "t" in value && "note" in value;

/**
 * graphile-worker on PostgreSQL. Unlike joblib, it deletes completed jobs, so it keeps no history.
 */
export const graphileWorker: Subject = {
  async producer({ databaseUrl }) {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE });
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    const utils = await makeWorkerUtils({ pgPool: pool, logger });
    await utils.migrate();
    return {
      add: (payload) => utils.addJob("noop", payload),
      addMany: (payloads) => utils.addJobs(payloads.map((payload) => ({ identifier: "noop", payload }))),
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
      maxPoolSize: POOL_SIZE,
      ...(setting === "fast" ? FAST : {}),
    };
    const noop = async (payload: unknown) => {
      if (isPayload(payload)) onTask(payload);
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
