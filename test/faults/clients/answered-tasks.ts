import * as z from "zod";
import type { AnsweredTask } from "../history/event.ts";

const WireTask = z.object({
  id: z.string(),
  room_id: z.string(),
  status: z.string(),
  attempt: z.number(),
  result: z.unknown(),
});
const Holder = z.object({
  task: z.unknown().optional(),
  tasks: z.array(z.unknown()).optional(),
  items: z.array(z.unknown()).optional(),
});

const LONGEST_RESULT = 2000;

const noteOf = ({ id, room_id: room, status, attempt, result }: z.infer<typeof WireTask>): AnsweredTask => {
  const isKept = result !== null && JSON.stringify(result).length <= LONGEST_RESULT;
  return { id, room, status, attempt, ...(isKept ? { result } : {}) };
};

/** The tasks that an answer tells of, whatever its shape. */
export const answeredTasks = (body: unknown): AnsweredTask[] => {
  const task = WireTask.safeParse(body);
  if (task.success) return [noteOf(task.data)];
  const holder = Holder.safeParse(body);
  if (!holder.success) return [];
  const { task: one, tasks = [], items = [] } = holder.data;
  return [one, ...tasks, ...items].flatMap((inner) => {
    const parsed = WireTask.safeParse(inner);
    return parsed.success ? [noteOf(parsed.data)] : [];
  });
};
