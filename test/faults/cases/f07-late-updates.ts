import { eventually } from "../../support/eventually.ts";
import type { Lease, ManualWorker } from "../clients/manual-worker.ts";
import { submitWithRetry } from "../clients/submitter.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

/**
 * Requires that the server rejects updates from the worker that lost the lease `lease`, while
 * another worker runs the task.
 */
const requireLateUpdatesRejected = async (
  context: CaseContext,
  earlier: ManualWorker,
  lease: Lease,
): Promise<void> => {
  const other = await context.manualWorker("other", { server: 1 });
  const second = await other.claim({ start: true });
  if (second === undefined) throw new Error("the task was not requeued");
  for (const operation of ["progress", "complete"] as const) {
    const response = await earlier.updateWithRetry({ operation, lease });
    const isRefused = response.outcome === "fail" && response.problem === "task-lost";
    context.require(isRefused, "I4", `the update "${operation}" with a lost lease was not rejected`);
  }
  await other.updateWithRetry({ operation: "complete", lease: second });
  await waitForAllTasks(context);
};

const submitOne = (context: CaseContext) =>
  submitWithRetry(context.client(), { token: "t", options: { max_attempts: 3 } });

/** A worker that sends no heartbeats is declared dead, and sends a result afterwards. */
export const silentWorker: FaultCase = {
  name: "F7 a worker without heartbeats is declared dead and then sends a result",
  invariants: ["I4", "I6"],
  async run(context) {
    const silent = await context.manualWorker("silent", { server: 0, silent: true });
    const { id } = await submitOne(context);
    const lease = await silent.claim({ start: true });
    if (lease === undefined) throw new Error("nothing was claimed");
    context.fault("worker silent");
    const isPending = async () =>
      (await context.cluster.sql.query("select status from joblib.task where id = $1", [id])).rows[0]
        ?.status === "pending";
    await eventually(isPending, Boolean, { timeoutMs: context.maxSweepDelayMs });
    await requireLateUpdatesRejected(context, silent, lease);
  },
};

/** A live worker releases a claimed task and then tries to complete the released task. */
export const releasedTask: FaultCase = {
  name: "F7 a worker releases a task and then completes it",
  invariants: ["I4", "I6"],
  async run(context) {
    const forgetful = await context.manualWorker("forgetful", { server: 0 });
    await submitOne(context);
    const lease = await forgetful.claim();
    if (lease === undefined) throw new Error("nothing was claimed");
    await forgetful.release([lease.id]);
    context.fault("task released by its worker");
    await requireLateUpdatesRejected(context, forgetful, lease);
  },
};
