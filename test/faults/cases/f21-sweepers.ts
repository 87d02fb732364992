import { eventually } from "../../support/eventually.ts";
import { submit } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const WORKERS = 8;
const TASKS_PER_WORKER = 50;

/** Four servers sweep the tasks of the same dead workers every 50 ms. */
export const manySweepers: FaultCase = {
  name: "F21 four servers sweep the same dead workers",
  invariants: ["I14"],
  cluster: { servers: 4, settings: { JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.05" } },
  async run(context) {
    const clients = context.cluster.nodes.map((_, server) => context.client("client", { server }));
    const manualWorkers = await Promise.all(
      Array.from({ length: WORKERS }, () => context.manualWorker("worker", { silent: true })),
    );
    const submits = Array.from({ length: WORKERS * TASKS_PER_WORKER }, (_, index) => {
      const client = clients[index % clients.length];
      const options = { max_attempts: index % 8 === 0 ? 2 : 1 };
      return client === undefined ? undefined : submit(client, { token: `${index}`, options });
    });
    await Promise.all(submits);
    for (const manualWorker of manualWorkers) {
      await manualWorker.claimMany(TASKS_PER_WORKER, true);
      context.nemesis.note({
        note: "gone",
        kind: "worker silent",
        worker: manualWorker.workerId,
        within: context.maxSweepDelayMs,
      });
    }
    const { sql } = context.cluster;
    await eventually(
      async () => (await sql.query("select count(*)::int as many from joblib.worker")).rows[0]?.many,
      (many) => many === 0,
      { timeoutMs: 15_000, what: "the sweep of all silent workers" },
    );
    // Some of the tasks have a second attempt, which only another worker can run.
    await context.rawWorker({ workMs: 1 });
    await waitForAllTasks(context);
    const { rows } = await sql.query(
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    context.require(rows[0]?.deadlocks === 0, "I14", `${rows[0]?.deadlocks} deadlocks among the sweepers`);
  },
};
