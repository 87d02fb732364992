import { submit, submitWithRetry } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

/**
 * Runs `work` while a table is locked in access exclusive mode, as a careless migration would do.
 */
const whileLocked = async (
  context: CaseContext,
  table: "task" | "worker",
  work: (unlock: () => Promise<unknown>) => Promise<void>,
): Promise<void> => {
  const connection = await context.cluster.sql.connect();
  try {
    await connection.query(`begin; lock table joblib.${table} in access exclusive mode`);
    context.fault(`table ${table} locked`);
    await work(() => connection.query("commit"));
  } finally {
    connection.release();
  }
};

/**
 * The table of tasks stays locked for longer than the statement timeout. The server must reject
 * requests with 503, and lose no task.
 */
export const longLock: FaultCase = {
  name: "F33 the table of tasks is locked for longer than the statement timeout",
  invariants: ["I1", "I2", "I13", "I16"],
  cluster: { settings: { JOBLIB_STATEMENT_TIMEOUT_SECONDS: "0.5", JOBLIB_WORKER_TIMEOUT_SECONDS: "30" } },
  async run(context) {
    await context.rawWorker();
    const client = context.client("client", { timeoutSeconds: 10 });
    await whileLocked(context, "task", async (unlock) => {
      const began = monotonic();
      const first = await submit(client, { token: "0" });
      const took = Math.round(monotonic() - began);
      const isRefused = first.outcome === "unknown" && first.problem === "service-unavailable";
      context.require(isRefused && took < 4000, "I13", `a submit was not refused, or only after ${took} ms`);
      const submits = Array.from({ length: 20 }, (_, index) =>
        submitWithRetry(client, { token: `${index}` }),
      );
      await context.pause(2000);
      await unlock();
      await Promise.all(submits);
    });
    await waitForAllTasks(context);
  },
};

/**
 * The table of tasks is locked for less than the statement timeout. Requests wait for the lock, and
 * no task may be lost or duplicated.
 */
export const lockedTable: FaultCase = {
  name: "F33 the table of tasks is locked for less than the statement timeout",
  invariants: ["I1", "I2", "I16"],
  async run(context) {
    await context.rawWorker();
    const client = context.client("client", { timeoutSeconds: 10 });
    await whileLocked(context, "task", async (unlock) => {
      const submits = Array.from({ length: 20 }, (_, index) =>
        submitWithRetry(client, { token: `${index}` }),
      );
      await context.pause(2000);
      await unlock();
      await Promise.all(submits);
    });
    await waitForAllTasks(context);
  },
};

const WORKERS = 24;

/**
 * The table of workers is locked for longer than the worker timeout. Workers must not be swept only
 * because their heartbeats waited for the lock.
 */
export const lockedWorkers: FaultCase = {
  name: "F33 the table of workers is locked for longer than the worker timeout",
  invariants: ["I14"],
  cluster: {},
  async run(context) {
    const manualWorkers = await Promise.all(
      Array.from({ length: WORKERS }, (_, index) =>
        context.manualWorker("worker", { server: index % 2, timeoutSeconds: 20, silent: true }),
      ),
    );
    let hasEnded = false;
    const heartbeats = manualWorkers.map(async (manualWorker) => {
      while (!hasEnded) {
        await manualWorker.heartbeat();
        await context.pause(200);
      }
    });
    // A sweeper declares no worker dead during the first worker timeout after its start.
    await context.pause(context.workerTimeoutMs + 500);
    await whileLocked(context, "worker", async (unlock) => {
      await context.pause(context.workerTimeoutMs + context.random.between(500, 2000));
      await unlock();
    });
    await context.pause(1000);
    hasEnded = true;
    await Promise.all(heartbeats);
    const { rows } = await context.cluster.sql.query("select count(*)::int as many from joblib.worker");
    context.require(
      rows[0]?.many === WORKERS,
      "I14",
      `only ${rows[0]?.many} of ${WORKERS} workers survived the lock`,
    );
  },
};
