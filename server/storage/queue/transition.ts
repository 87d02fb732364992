import { LRUCache } from "lru-cache";
import type { CompletedTask, Completion, TaskRecord, Transition } from "../../records.ts";
import { formatTime, toRawTaskRecord } from "../rows.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import type { HeartbeatThrottle } from "./heartbeat-throttle.ts";
import type { PayloadCache } from "./payload-cache.ts";
import { completeTasks } from "./statements/complete-tasks.ts";
import { transitionTasks } from "./statements/transition-tasks.ts";

/** Maximum weight of a batch, in characters. It allows 500 transitions, or a few with large results. */
const MAX_BATCH_WEIGHT = 4_000_000;
/** Weight of a transition, in addition to the length of its result and error. */
const TRANSITION_WEIGHT = 8_000;

const getWeight = ({ result, error }: Transition): number =>
  TRANSITION_WEIGHT + (error?.length ?? 0) + (result === undefined ? 0 : JSON.stringify(result).length);

type TransitionBatcher = StatementBatcher<Transition, TaskRecord | undefined>;

const createTransitionTo = (
  { runPrepared, measureBatches }: Sessions,
  to: Transition["to"],
  payloads: PayloadCache,
): TransitionBatcher =>
  new StatementBatcher({
    maxWeight: MAX_BATCH_WEIGHT,
    getWeight,
    getKey: ({ id }) => id.toLowerCase(),
    run: measureBatches(to, async (steps) => {
      const knownPayloads = steps.map(({ id }) => payloads.get(id.toLowerCase()));
      const calls = steps.map((step, index) => ({
        ...step,
        isPayloadKnown: knownPayloads[index] !== undefined,
      }));
      const rows = await runPrepared((db) => transitionTasks(db, to, calls));
      const records = new Map<number, TaskRecord>();
      for (const row of rows) {
        const payload = row.payload ?? knownPayloads[row.call_index] ?? "{}";
        if (row.status !== "running") payloads.delete(row.id);
        records.set(row.call_index, toRawTaskRecord(row, payload));
      }
      return steps.map((_, index) => records.get(index));
    }),
  });

/** Creates the function that changes the status of a task. Transitions to the same status are batched. */
export const createTransition = (
  sessions: Sessions,
  payloads: PayloadCache,
): ((step: Transition) => Promise<TaskRecord | undefined>) => {
  const transitions: Readonly<Record<Transition["to"], TransitionBatcher>> = {
    running: createTransitionTo(sessions, "running", payloads),
    completed: createTransitionTo(sessions, "completed", payloads),
    failed: createTransitionTo(sessions, "failed", payloads),
    cancelled: createTransitionTo(sessions, "cancelled", payloads),
  };
  return (step) => transitions[step.to].add(step);
};

/**
 * Maximum number of cached jobs without a result schema. The statement searches this list for each task, so
 * it must be short.
 */
const MAX_JOBS_WITHOUT_RESULT_SCHEMA = 8;

/** Creates the function that completes tasks. The completions of concurrent requests are batched. */
export const createCompletions = (
  { runPrepared, measureBatches }: Sessions,
  {
    payloads,
    heartbeatThrottle,
  }: { readonly payloads: PayloadCache; readonly heartbeatThrottle: HeartbeatThrottle },
): StatementBatcher<readonly Completion[], (CompletedTask | undefined)[]> => {
  const jobsWithoutResultSchema = new LRUCache<string, true>({ max: MAX_JOBS_WITHOUT_RESULT_SCHEMA });
  return new StatementBatcher({
    maxWeight: MAX_BATCH_WEIGHT,
    getWeight: (completions) =>
      completions.reduce(
        (sum, { result }) => sum + getWeight({ id: "", to: "completed", ...(result && { result }) }),
        0,
      ),
    run: measureBatches("completed", async (calls) => {
      const all = calls.flat();
      const completed: (CompletedTask | undefined)[] = all.map(() => undefined);
      const touchedWorkerIds = heartbeatThrottle.selectDue(all.map(({ workerId }) => workerId));
      for (const row of await runPrepared((db) =>
        completeTasks(db, all, {
          jobsWithoutResultSchema: jobsWithoutResultSchema.keys(),
          touchedWorkerIds,
        }),
      )) {
        const id = all[row.call_index]?.id.toLowerCase() ?? "";
        payloads.delete(id);
        jobsWithoutResultSchema.set(row.job_id, true);
        completed[row.call_index] = {
          ...{ id, roomId: row.room_id, jobId: row.job_id },
          completedAt: formatTime(row.completed_at),
          runSeconds: row.ran_seconds,
        };
      }
      let end = 0;
      return calls.map(({ length }) => {
        end += length;
        return completed.slice(end - length, end);
      });
    }),
  });
};
