import * as z from "zod";
import { type Event, TaskStatus } from "../../protocol/index.ts";

const Told = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("task-changed"),
    taskId: z.string(),
    roomId: z.string(),
    workerId: z.string().nullable(),
    status: TaskStatus.optional().catch(undefined),
  }),
  z.object({ kind: z.literal("worker-drained"), workerId: z.string() }),
  z.object({ kind: z.literal("work-available"), jobId: z.string(), count: z.number() }),
  z.object({ kind: z.literal("jobs-changed"), roomId: z.string() }),
]);

/** Events of one channel as they came over Redis, one or a list; undefined, which means "read again", for one of another version. */
export const readEvents = (text: string): readonly (Event | undefined)[] => {
  try {
    const told: unknown = JSON.parse(text);
    return (Array.isArray(told) ? told : [told]).map((event) => Told.safeParse(event).data);
  } catch {
    return [undefined];
  }
};
