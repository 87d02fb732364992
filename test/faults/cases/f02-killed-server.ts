import { eventually } from "../../support/eventually.ts";
import { submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const ROUNDS = 2;

/**
 * A server is killed between the commit of a claim and its response. The task is requeued, and the
 * lost claim does not count as a run (`runs` is still 0), so it does not use up one of the
 * `max_attempts`.
 */
export const killedServer: FaultCase = {
  name: "F2 a server is killed between the commit of a claim and its response",
  invariants: ["I1", "I7"],
  async run(context) {
    const { server } = context.node(0);
    const client = context.client();
    const worker = await context.manualWorker("worker", { server: 1 });
    const viaKilledServer = worker.withClient(context.client("worker", { server: 0 }));
    const readTask = async (id: string) => {
      const { rows } = await context.cluster.sql.query(
        "select status, runs, attempt from joblib.task where id = $1",
        [id],
      );
      return rows[0];
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await submitWithRetry(client, { token: `${round}` });
      const trap = server.proxy.trap({ request: /tasks\/claim/, action: "silence" });
      const claim = viaKilledServer.claim();
      await trap.triggered;
      await server.stop("SIGKILL");
      context.fault("server killed");
      server.proxy.cut();
      await claim;
      const started = server.start();

      const requeued = await eventually(
        async () => {
          await worker.heartbeat([]);
          return readTask(id);
        },
        ({ status }) => status === "pending",
        { timeoutMs: 5000, intervalMs: 100, what: "the claim whose response was lost" },
      );
      context.require(
        requeued.runs === 0 && requeued.attempt > 0,
        "I7",
        "a claim whose response was lost was counted as a run",
      );
      const task = await worker.claim({ wait: 3, start: true });
      await started;
      if (task !== undefined) await worker.updateWithRetry({ operation: "complete", lease: task });
    }
    await waitForAllTasks(context);
  },
};
