import * as z from "zod";
import type { OutputTask } from "../history/event.ts";

const WireTask = z.object({
  id: z.string(),
  room_id: z.string(),
  status: z.string(),
  attempt: z.number(),
  result: z.unknown(),
});
const Container = z.object({
  task: z.unknown().optional(),
  tasks: z.array(z.unknown()).optional(),
  items: z.array(z.unknown()).optional(),
});

const MAX_RESULT_LENGTH = 2000;

const toOutputTask = ({
  id,
  room_id: room,
  status,
  attempt,
  result,
}: z.infer<typeof WireTask>): OutputTask => {
  const isKept = result !== null && JSON.stringify(result).length <= MAX_RESULT_LENGTH;
  return { id, room, status, attempt, ...(isKept ? { result } : {}) };
};

/** Returns the tasks that a response body contains, regardless of its shape. */
export const extractTasks = (body: unknown): OutputTask[] => {
  const task = WireTask.safeParse(body);
  if (task.success) return [toOutputTask(task.data)];
  const container = Container.safeParse(body);
  if (!container.success) return [];
  const { task: one, tasks = [], items = [] } = container.data;
  return [one, ...tasks, ...items].flatMap((inner) => {
    const parsed = WireTask.safeParse(inner);
    return parsed.success ? [toOutputTask(parsed.data)] : [];
  });
};
