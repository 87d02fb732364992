import * as z from "zod";
import { type Event, TaskStatus } from "../../protocol/index.ts";

const EventMessage = z.discriminatedUnion("kind", [
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

/**
 * Parses a Redis message, which contains one event or a list. An event with an unknown shape, for example
 * from another version of joblib, becomes undefined, so that its handlers read the current state.
 */
export const readEvents = (text: string): readonly (Event | undefined)[] => {
  try {
    const message: unknown = JSON.parse(text);
    return (Array.isArray(message) ? message : [message]).map((event) => EventMessage.safeParse(event).data);
  } catch {
    return [undefined];
  }
};
