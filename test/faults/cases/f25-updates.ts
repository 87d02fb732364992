import type { Task } from "../../../sdk/index.ts";
import type { Lease, ManualWorker, TaskUpdate } from "../clients/manual-worker.ts";
import { cancel, submit } from "../clients/submitter.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const STATES = ["claimed", "running", "completed", "failed", "cancelled", "retrying"] as const;
const UPDATES = ["start", "complete", "fail", "progress"] as const;
const LEASES = ["current", "stale", "foreign"] as const;

/**
 * Brings a claimed task into a state. In the state `retrying`, the first attempt has failed and the
 * task is pending again.
 */
const bringTo = async (
  manualWorker: ManualWorker,
  lease: Task,
  state: (typeof STATES)[number],
): Promise<void> => {
  if (state === "claimed") return;
  await manualWorker.updateWithRetry({ operation: "start", lease });
  if (state === "completed") await manualWorker.updateWithRetry({ operation: "complete", lease });
  if (state === "failed" || state === "retrying")
    await manualWorker.updateWithRetry({ operation: "fail", lease });
  if (state === "cancelled") await cancel(manualWorker.client, lease.id);
};

const buildUpdate = (
  operation: TaskUpdate["operation"],
  leaseKind: (typeof LEASES)[number],
  parts: { lease: Lease; other: ManualWorker },
): TaskUpdate => {
  const { lease, other } = parts;
  if (leaseKind === "stale") return { operation, lease: { id: lease.id, attempt: lease.attempt - 1 } };
  return leaseKind === "foreign" ? { operation, lease, worker: other.workerId } : { operation, lease };
};

const tryAllUpdates = async (
  context: CaseContext,
  manualWorker: ManualWorker,
  other: ManualWorker,
): Promise<void> => {
  for (const state of STATES) {
    for (const operation of UPDATES) {
      for (const leaseKind of LEASES) {
        const options = { max_attempts: state === "retrying" ? 2 : 1 };
        await submit(manualWorker.client, { token: `${state} ${operation} ${leaseKind}`, options });
        const lease = await manualWorker.claim();
        if (lease === undefined) throw new Error(`no task for ${state} ${operation} ${leaseKind}`);
        await bringTo(manualWorker, lease, state);
        const response = await manualWorker.update(buildUpdate(operation, leaseKind, { lease, other }));
        const isRefused = response.outcome === "fail";
        context.require(
          leaseKind === "current" || isRefused,
          "I4",
          `"${operation}" of a ${state} task was accepted with a ${leaseKind} lease`,
        );
        // Cancels the task, because the next iteration must not claim it.
        await cancel(manualWorker.client, lease.id);
      }
    }
  }
};

/**
 * A worker sends every kind of update in every state of a task, with its current lease, with an
 * older lease, and with the lease of another worker.
 */
export const allUpdates: FaultCase = {
  name: "F25 a worker sends every update in every state of a task",
  invariants: ["I5", "I6"],
  async run(context) {
    const manualWorker = await context.manualWorker("worker");
    const other = await context.manualWorker("other");
    context.fault("updates in every state");
    const heartbeats = setInterval(() => void other.heartbeat(), 500);
    try {
      await tryAllUpdates(context, manualWorker, other);
    } finally {
      clearInterval(heartbeats);
    }
    await waitForAllTasks(context, 5);
  },
};
