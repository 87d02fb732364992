import { coalesce, type Join } from "./coalesce.ts";
import { transitionTasks } from "./queries/transition-tasks.ts";
import { taskRecord } from "./rows.ts";
import type { Sessions } from "./sessions.ts";
import type { TaskRecord, Transition } from "./storage.ts";

/** Characters of one statement, as each step weighs something: 500 steps, or a few with large results. */
const MOST = 4_000_000;
const STEP = 8_000;

const weightOf = ({ result, error }: Transition): number =>
  STEP + (error?.length ?? 0) + (result === undefined ? 0 : JSON.stringify(result).length);

type Step = Join<Transition, TaskRecord | undefined>;

const stepsTo = ({ hot }: Sessions, to: Transition["to"]): Step =>
  coalesce({
    most: MOST,
    weightOf,
    keyOf: ({ id }) => id.toLowerCase(),
    run: async (steps) => {
      const rows = await hot((db) => transitionTasks(db, to, steps));
      const moved = new Map(rows.map((row) => [row.place, taskRecord(row)]));
      return steps.map((_, place) => moved.get(place));
    },
  });

/** Steps of many tasks to one status share a statement. */
export const createTransition = (
  sessions: Sessions,
): ((step: Transition) => Promise<TaskRecord | undefined>) => {
  const steps: Readonly<Record<Transition["to"], Step>> = {
    running: stepsTo(sessions, "running"),
    completed: stepsTo(sessions, "completed"),
    failed: stepsTo(sessions, "failed"),
    cancelled: stepsTo(sessions, "cancelled"),
  };
  return (step) => steps[step.to](step);
};
