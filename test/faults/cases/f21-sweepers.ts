import { eventually } from "../../support/eventually.ts";
import { submit } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const WORKERS = 8;
const EACH = 50;

/** Several servers sweep the same dead workers' tasks, as often as they can. */
export const manySweepers: FaultCase = {
  name: "F21 many sweepers",
  invariants: ["I14"],
  cluster: { servers: 4, settings: { JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.05" } },
  async run(scene) {
    const clients = scene.cluster.nodes.map((_, server) => scene.client("client", { server }));
    const hands = await Promise.all(
      Array.from({ length: WORKERS }, () => scene.hand("hand", { silent: true })),
    );
    const submits = Array.from({ length: WORKERS * EACH }, (_, index) => {
      const client = clients[index % clients.length];
      const options = { max_attempts: index % 8 === 0 ? 2 : 1 };
      return client === undefined ? undefined : submit(client, { token: `${index}`, options });
    });
    await Promise.all(submits);
    for (const hand of hands) {
      await hand.claimMany(EACH, true);
      scene.nemesis.note({
        note: "gone",
        kind: "worker silent",
        worker: hand.worker,
        within: scene.sweepBarMs,
      });
    }
    const { sql } = scene.cluster;
    await eventually(
      async () => (await sql.query("select count(*)::int as many from joblib.worker")).rows[0]?.many,
      (many) => many === 0,
      { timeoutMs: 15_000, what: "the end of all silent workers" },
    );
    // Some of the tasks have a second attempt, which another takes.
    await scene.rawWorker({ workMs: 1 });
    await settle(scene);
    const { rows } = await sql.query(
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    scene.require(rows[0]?.deadlocks === 0, "I14", `${rows[0]?.deadlocks} deadlocks among the sweepers`);
  },
};
