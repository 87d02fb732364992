import { eventually } from "../../support/eventually.ts";
import { submit } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const WORKERS = 8;
const EACH = 50;

/** Four servers sweep the tasks of the same dead workers every 50 ms. */
export const manySweepers: FaultCase = {
  name: "F21 many sweepers",
  invariants: ["I14"],
  cluster: { servers: 4, settings: { JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.05" } },
  async run(context) {
    const clients = context.cluster.nodes.map((_, server) => context.client("client", { server }));
    const manualWorkers = await Promise.all(
      Array.from({ length: WORKERS }, () => context.manualWorker("worker", { silent: true })),
    );
    const submits = Array.from({ length: WORKERS * EACH }, (_, index) => {
      const client = clients[index % clients.length];
      const options = { max_attempts: index % 8 === 0 ? 2 : 1 };
      return client === undefined ? undefined : submit(client, { token: `${index}`, options });
    });
    await Promise.all(submits);
    for (const manualWorker of manualWorkers) {
      await manualWorker.claimMany(EACH, true);
      context.nemesis.note({
        note: "gone",
        kind: "worker silent",
        worker: manualWorker.worker,
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
    await settle(context);
    const { rows } = await sql.query(
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    context.require(rows[0]?.deadlocks === 0, "I14", `${rows[0]?.deadlocks} deadlocks among the sweepers`);
  },
};
