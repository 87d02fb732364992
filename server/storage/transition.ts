import { type BatchedCall, createBatcher } from "./batcher.ts";
import type { HeartbeatThrottle } from "./heartbeat-throttle.ts";
import type { PayloadCache } from "./payload-cache.ts";
import { completeTasks } from "./queries/complete-tasks.ts";
import { transitionTasks } from "./queries/transition-tasks.ts";
import { formatTime, toRawTaskRecord } from "./rows.ts";
import type { Sessions } from "./sessions.ts";
import type { TaskRecord, Transition } from "./storage.ts";
import type { CompletedTask, Completion } from "./task-completions.ts";

/** Characters of one statement, as each step weighs something: 500 steps, or a few with large results. */
const MOST = 4_000_000;
const STEP = 8_000;

const weightOf = ({ result, error }: Transition): number =>
  STEP + (error?.length ?? 0) + (result === undefined ? 0 : JSON.stringify(result).length);

type Step = BatchedCall<Transition, TaskRecord | undefined>;

const stepsTo = (
  { runPrepared: hot, measureBatches: counted }: Sessions,
  to: Transition["to"],
  payloads: PayloadCache,
): Step =>
  createBatcher({
    most: MOST,
    weightOf,
    keyOf: ({ id }) => id.toLowerCase(),
    run: counted(to, async (steps) => {
      const known = steps.map(({ id }) => payloads.get(id.toLowerCase()));
      const named = steps.map((step, place) => ({ ...step, isPayloadKnown: known[place] !== undefined }));
      const rows = await hot((db) => transitionTasks(db, to, named));
      const moved = new Map<number, TaskRecord>();
      for (const row of rows) {
        const payload = row.payload ?? known[row.call_index] ?? "{}";
        if (row.status !== "running") payloads.delete(row.id);
        moved.set(row.call_index, toRawTaskRecord(row, payload));
      }
      return steps.map((_, place) => moved.get(place));
    }),
  });

/** Steps of many tasks to one status share a statement. */
export const createTransition = (
  sessions: Sessions,
  payloads: PayloadCache,
): ((step: Transition) => Promise<TaskRecord | undefined>) => {
  const steps: Readonly<Record<Transition["to"], Step>> = {
    running: stepsTo(sessions, "running", payloads),
    completed: stepsTo(sessions, "completed", payloads),
    failed: stepsTo(sessions, "failed", payloads),
    cancelled: stepsTo(sessions, "cancelled", payloads),
  };
  return (step) => steps[step.to](step);
};

/** Jobs that are remembered to have promised nothing about their results; more would be dear to look through. */
const MOST_FREE = 8;

/** Completions of many requests share a statement. */
export const createCompletions = (
  { runPrepared: hot, measureBatches: counted }: Sessions,
  {
    payloads,
    heartbeatThrottle: signsOfLife,
  }: { readonly payloads: PayloadCache; readonly heartbeatThrottle: HeartbeatThrottle },
): BatchedCall<readonly Completion[], readonly (CompletedTask | undefined)[]> => {
  const free = new Set<string>();
  return createBatcher({
    most: MOST,
    weightOf: (completions) =>
      completions.reduce(
        (sum, { result }) => sum + weightOf({ id: "", to: "completed", ...(result && { result }) }),
        0,
      ),
    run: counted("completed", async (wishes) => {
      const all = wishes.flat();
      const completed: (CompletedTask | undefined)[] = all.map(() => undefined);
      const signs = signsOfLife.due(all.map(({ workerId }) => workerId));
      for (const row of await hot((db) =>
        completeTasks(db, all, { jobsWithoutResultSchema: free, touchedWorkerIds: signs }),
      )) {
        const id = all[row.call_index]?.id.toLowerCase() ?? "";
        payloads.delete(id);
        if (!free.has(row.job_id)) {
          if (free.size >= MOST_FREE) free.clear();
          free.add(row.job_id);
        }
        completed[row.call_index] = {
          ...{ id, roomId: row.room_id, jobId: row.job_id },
          completedAt: formatTime(row.completed_at),
          runSeconds: row.ran_seconds,
        };
      }
      let from = 0;
      return wishes.map(({ length }) => {
        from += length;
        return completed.slice(from - length, from);
      });
    }),
  });
};
