import { eventually } from "../../support/eventually.ts";
import type { Lease, ManualWorker } from "../clients/manual-worker.ts";
import { submitWithRetry } from "../clients/submitter.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

/**
 * Checks that the server rejects updates of the previous leaseholder while another worker runs the
 * task.
 */
const requireLateUpdatesRefused = async (
  context: CaseContext,
  earlier: ManualWorker,
  lease: Lease,
): Promise<void> => {
  const other = await context.manualWorker("other", { server: 1 });
  const second = await other.claim({ start: true });
  if (second === undefined) throw new Error("the task was not requeued");
  for (const f of ["progress", "complete"] as const) {
    const response = await earlier.updateWithRetry({ f, lease });
    const isRefused = response.outcome === "fail" && response.problem === "task-lost";
    context.require(isRefused, "I4", `"${f}" under a lost lease was not refused`);
  }
  await other.updateWithRetry({ f: "complete", lease: second });
  await settle(context);
};

const submitOne = (context: CaseContext) =>
  submitWithRetry(context.client(), { token: "t", options: { max_attempts: 3 } });

/** A worker that sends no heartbeats is declared dead, and sends a result afterwards. */
export const silentWorker: FaultCase = {
  name: "F7 worker silent, then sends a result",
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
    await requireLateUpdatesRefused(context, silent, lease);
  },
};

/** A live worker releases a claimed task and then tries to complete the released task. */
export const returnedTask: FaultCase = {
  name: "F7 task returned, then completed",
  invariants: ["I4", "I6"],
  async run(context) {
    const forgetful = await context.manualWorker("forgetful", { server: 0 });
    await submitOne(context);
    const lease = await forgetful.claim();
    if (lease === undefined) throw new Error("nothing was claimed");
    await forgetful.release([lease.id]);
    context.fault("task returned by its worker");
    await requireLateUpdatesRefused(context, forgetful, lease);
  },
};
