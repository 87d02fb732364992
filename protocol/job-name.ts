import * as z from "zod";
import { GLOBAL_ROOM, isRoomId, RoomId } from "./rooms.ts";

const SEPARATOR = ":";
const PART = /^[A-Za-z0-9_.-]{1,128}$/;

export function isNamePart(value: string): boolean {
  return PART.test(value);
}

/** A category or a name: 1–128 characters from `A-Z a-z 0-9 _ . -`. */
export const NamePart = z.string().regex(PART, { error: "must be 1–128 characters from A-Z a-z 0-9 _ . -" });

export const JobName = z
  .string()
  .min(1)
  .meta({
    description:
      "`<prefix>:<category>:<name>`. The prefix is `public` for a job of `@global`, and `private` or the room id for a job of the room.",
    examples: ["public:modifiers:Rotate", "private:modifiers:Rotate"],
  });

export const RoomJobParams = z.object({ room_id: RoomId, job_name: JobName });

/**
 * The prefix of job names in responses. `visibility`: `public` or `private`. `room`: the id of the
 * job's room.
 */
export const JobNameStyle = z.enum(["visibility", "room"]);
export type JobNameStyle = z.infer<typeof JobNameStyle>;

export interface JobAddress {
  readonly roomId: string;
  readonly category: string;
  readonly name: string;
}

/** The result of parsing a job name. `hidden` means that the job is not visible in the room. */
export type ParsedJobName =
  | { readonly kind: "job"; readonly address: JobAddress }
  | { readonly kind: "hidden" }
  | { readonly kind: "invalid" };

/**
 * Parses a job name relative to a room. A job of another room is `hidden`. In `@global`, which has
 * only public jobs, a private job is also `hidden`.
 */
export function parseJobName(text: string, roomId: string): ParsedJobName {
  const [prefix = "", category = "", name = "", ...rest] = text.split(SEPARATOR);
  if (rest.length > 0 || !isNamePart(category) || !isNamePart(name)) return { kind: "invalid" };
  if (prefix === "public" || prefix === GLOBAL_ROOM) {
    return { kind: "job", address: { roomId: GLOBAL_ROOM, category, name } };
  }
  if (prefix !== "private" && !isRoomId(prefix)) return { kind: "invalid" };
  if (roomId === GLOBAL_ROOM || (prefix !== "private" && prefix !== roomId)) return { kind: "hidden" };
  return { kind: "job", address: { roomId, category, name } };
}

export function formatJobName(job: JobAddress, style: JobNameStyle = "visibility"): string {
  const prefix = style === "room" ? job.roomId : job.roomId === GLOBAL_ROOM ? "public" : "private";
  return `${prefix}${SEPARATOR}${job.category}${SEPARATOR}${job.name}`;
}
