import { eventually } from "../../support/eventually.ts";
import { cancel, submitMany } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const TASKS = 60;
const BAR_MS = 1000;

/** Running tasks are cancelled, at the server of their worker and at the other: each handler's `signal` is told. */
export const cancelReaches: FaultCase = {
  name: "F23 cancel reaches the handler",
  invariants: ["I9"],
  async run(scene) {
    const worker = await scene.workerProcess("worker", { concurrency: TASKS });
    const clients = [scene.client("client", { server: 0 }), scene.client("client", { server: 1 })];
    const payload = { ms: 30_000 };
    const tasks = await submitMany(scene.client(), { prefix: "t", count: TASKS, job: "Work", payload });
    const running = async () => {
      const { rows } = await scene.cluster.sql.query(
        "select count(*)::int as many from joblib.task where room_id = $1 and status = 'running'",
        [scene.room],
      );
      return rows[0]?.many;
    };
    await eventually(running, (many) => many === TASKS, { timeoutMs: 20_000 });
    for (const [index, { id }] of tasks.entries()) {
      const client = clients[index % clients.length];
      if (client === undefined) throw new Error("no client");
      const began = monotonic();
      await cancel(client, id);
      const [, at] = await worker.process.waitForLine(new RegExp(`^aborted ${id} (\\S+)`, "m"), 10_000);
      const took = Math.round(Number(at) - began);
      scene.measure("cancel → the handler's signal", took);
      scene.require(took < BAR_MS, "I9", `a cancel took ${took} ms to the handler's signal`);
    }
    scene.fault("cancelled while running");
    await settle(scene);
  },
};
