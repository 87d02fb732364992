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

/** An event as it came over Redis; undefined, which means "read again", for one of another version. */
export const readEvent = (text: string): Event | undefined => {
  try {
    return Told.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
