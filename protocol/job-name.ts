import * as z from "zod";
import { GLOBAL_ROOM, isRoomId } from "./room.ts";

const SEPARATOR = ":";
const PART = /^[A-Za-z0-9_.-]{1,128}$/;

/** True for what may be a category or the name of a job. */
export const isNamePart = (value: string): boolean => PART.test(value);

/** A category or a name: 1–128 of `A-Z a-z 0-9 _ . -`. */
export const NamePart = z.string().regex(PART, { error: "must be 1–128 of A-Z a-z 0-9 _ . -" });

/** A job's name as it is asked for: `<prefix>:<category>:<name>`. */
export const JobName = z
  .string()
  .min(1)
  .meta({ examples: ["public:modifiers:Rotate", "private:modifiers:Rotate"] });

/** How job names are answered: `public:`/`private:`, or with the room's own name. */
export const JobNameStyle = z.enum(["visibility", "room"]);
export type JobNameStyle = z.infer<typeof JobNameStyle>;

/** Where a job is registered, and what it is called there. */
export interface JobAddress {
  readonly roomId: string;
  readonly category: string;
  readonly name: string;
}

/** What asking for a job by name can come to. */
export type ParsedJobName =
  | { readonly kind: "job"; readonly address: JobAddress }
  | { readonly kind: "unseen" }
  | { readonly kind: "invalid" };

/** Reads a job name as it is meant in `askedIn`; `unseen` is another room's job, or a private one in `@global`. */
export const parseJobName = (text: string, askedIn: string): ParsedJobName => {
  const parts = text.split(SEPARATOR);
  const [prefix, category, name] = parts;
  if (parts.length !== 3 || prefix === undefined || category === undefined || name === undefined) {
    return { kind: "invalid" };
  }
  if (!isNamePart(category) || !isNamePart(name)) return { kind: "invalid" };
  if (prefix === "public" || prefix === GLOBAL_ROOM) {
    return { kind: "job", address: { roomId: GLOBAL_ROOM, category, name } };
  }
  if (prefix !== "private" && !isRoomId(prefix)) return { kind: "invalid" };
  if (askedIn === GLOBAL_ROOM || (prefix !== "private" && prefix !== askedIn)) return { kind: "unseen" };
  return { kind: "job", address: { roomId: askedIn, category, name } };
};

/** Writes a job's name in one of the two styles. */
export const formatJobName = (job: JobAddress, style: JobNameStyle = "visibility"): string => {
  const prefix = style === "room" ? job.roomId : job.roomId === GLOBAL_ROOM ? "public" : "private";
  return `${prefix}${SEPARATOR}${job.category}${SEPARATOR}${job.name}`;
};
