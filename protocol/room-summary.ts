import * as z from "zod";

/** A room in the list of rooms. Counts are at most 10,000. */
export const RoomSummary = z.object({
  room_id: z.string(),
  jobs: z.int().describe("number of jobs that are registered in the room"),
  workers: z.int().describe("number of online workers of these jobs"),
  pending: z.int(),
  running: z.int().describe("including claimed tasks"),
});
export type RoomSummary = z.infer<typeof RoomSummary>;
