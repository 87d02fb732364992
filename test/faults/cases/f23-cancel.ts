import { eventually } from "../../support/eventually.ts";
import { cancel, submitMany } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const TASKS = 60;
const MAX_DELAY_MS = 1000;

/**
 * Running tasks are cancelled through their worker's server or through the other server. In both
 * cases, the `signal` of the task's handler must be aborted.
 */
export const cancelNotifiesHandler: FaultCase = {
  name: "F23 a cancel aborts the signal of the task's handler",
  invariants: ["I9"],
  async run(context) {
    const worker = await context.workerProcess("worker", { concurrency: TASKS });
    const clients = [context.client("client", { server: 0 }), context.client("client", { server: 1 })];
    const payload = { ms: 30_000 };
    const tasks = await submitMany(context.client(), { prefix: "t", count: TASKS, job: "Work", payload });
    const countRunning = async () => {
      const { rows } = await context.cluster.sql.query(
        "select count(*)::int as many from joblib.task where room_id = $1 and status = 'running'",
        [context.room],
      );
      return rows[0]?.many;
    };
    await eventually(countRunning, (many) => many === TASKS, { timeoutMs: 20_000 });
    for (const [index, { id }] of tasks.entries()) {
      const client = clients[index % clients.length];
      if (client === undefined) throw new Error("no client");
      const began = monotonic();
      await cancel(client, id);
      const [, at] = await worker.process.waitForLine(new RegExp(`^aborted ${id} (\\S+)`, "m"), 10_000);
      const took = Math.round(Number(at) - began);
      context.measure("cancel → the handler's signal aborted", took);
      context.require(took < MAX_DELAY_MS, "I9", `a cancel reached the handler's signal after ${took} ms`);
    }
    context.fault("cancelled while running");
    await waitForAllTasks(context);
  },
};
