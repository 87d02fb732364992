import * as z from "zod";

/** A room in the list of rooms; counts end at 10,000. */
export const RoomSummary = z.object({
  room_id: z.string(),
  jobs: z.int().describe("registered in it"),
  workers: z.int().describe("alive, and linked to one of these"),
  pending: z.int(),
  running: z.int().describe("claimed ones included"),
});
export type RoomSummary = z.infer<typeof RoomSummary>;
