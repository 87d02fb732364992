import { type Check, getStepsByTask, selectOperations, type Violation } from "./evidence.ts";
import { isLeased } from "./lease-spans.ts";

/**
 * Invariant I14: a worker with a recent heartbeat is not declared dead. Workers that have
 * deregistered are not checked.
 */
export const checkSweptWorkers: Check = (evidence) => {
  // After a backup was restored, all stored heartbeats are old.
  if (evidence.expectations.restored === true) return [];
  const { tables, workerTimeoutMs, history } = evidence;
  const getWorker = ({ input }: { input: { worker?: string | undefined } }) => input.worker?.toLowerCase();
  const known = new Set(history.operations.map(getWorker));
  const deregistered = new Set(
    selectOperations(evidence, ["deregister"], ["ok", "unknown", "fail"]).map(getWorker),
  );
  return tables.endedWorkers
    .filter(
      ({ worker_id: id, silent_ms }) => known.has(id) && !deregistered.has(id) && silent_ms < workerTimeoutMs,
    )
    .map(({ worker_id, silent_ms }) => ({
      invariant: "I14",
      message: `worker ${worker_id} was declared dead ${Math.round(silent_ms)} ms after its last heartbeat`,
    }));
};

/** Invariant I14: an attempt ends only once, even if several servers sweep. */
export const checkSingleAttemptEnd: Check = (evidence) => {
  if (evidence.expectations.restored === true) return [];
  const violations: Violation[] = [];
  for (const [task, steps] of getStepsByTask(evidence)) {
    const ended = steps.filter(({ from_status: from, to_status: to }) => isLeased(from) && !isLeased(to));
    for (const [attempt, { length }] of Map.groupBy(ended, ({ from_attempt }) => from_attempt)) {
      if (length <= 1) continue;
      const message = `attempt ${attempt} of task ${task} ended ${length} times`;
      violations.push({ invariant: "I14", message });
    }
  }
  return violations;
};
