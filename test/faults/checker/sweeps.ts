import { type Check, operationsOf, stepsByTask, type Violation } from "./evidence.ts";
import { isHeld } from "./holds-of.ts";

/** I14: nobody is called dead whose last sign of life is young; who left by its own word is no concern of the sweeper. */
export const onlyTheDead: Check = (evidence) => {
  // A row from a backup has the beats of its day.
  if (evidence.promises.restored === true) return [];
  const { tables, thresholdMs, history } = evidence;
  const workerOf = ({ asked }: { asked: { worker?: string | undefined } }) => asked.worker?.toLowerCase();
  const known = new Set(history.operations.map(workerOf));
  const left = new Set(operationsOf(evidence, ["leave"], ["ok", "unknown", "fail"]).map(workerOf));
  return tables.endedWorkers
    .filter(({ worker_id: id, silent_ms }) => known.has(id) && !left.has(id) && silent_ms < thresholdMs)
    .map(({ worker_id, silent_ms }) => ({
      invariant: "I14",
      message: `worker ${worker_id} was called dead ${Math.round(silent_ms)} ms after its last sign of life`,
    }));
};

/** I14: however many sweep, an attempt is ended once. */
export const attemptsEndOnce: Check = (evidence) => {
  if (evidence.promises.restored === true) return [];
  const violations: Violation[] = [];
  for (const [task, steps] of stepsByTask(evidence)) {
    const ended = steps.filter(({ from_status: from, to_status: to }) => isHeld(from) && !isHeld(to));
    for (const [attempt, { length }] of Map.groupBy(ended, ({ from_attempt }) => from_attempt)) {
      if (length <= 1) continue;
      const message = `attempt ${attempt} of task ${task} was ended ${length} times`;
      violations.push({ invariant: "I14", message });
    }
  }
  return violations;
};
