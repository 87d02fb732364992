import { isNamePart, parseJobName } from "../protocol/job-name.ts";
import { GLOBAL_ROOM, isRoomId } from "../protocol/room.ts";
import { UsageError } from "./errors.ts";

const FULL_NAME = "a job's full name is <prefix>:<category>:<name>, such as public:modifiers:Rotate";

/** The only room of a command that is about one room; undefined where none was said. */
export const getSingleRoom = (rooms: readonly string[]): string | undefined => {
  if (rooms.length > 1) throw new UsageError("this command takes one --room");
  return rooms[0];
};

/** The room that an argument names, or that was said otherwise; `@global` where none was. */
export const getRoom = (named: string | undefined, rooms: readonly string[]): string =>
  named ?? getSingleRoom(rooms) ?? GLOBAL_ROOM;

/** The room that a job is asked for in: the one that was said, or else the one that its name tells. */
export const getJobRoom = (jobName: string, rooms: readonly string[]): string => {
  const said = getSingleRoom(rooms);
  const prefix = prefixOf(jobName);
  if (said !== undefined) {
    if (parseJobName(jobName, said).kind === "invalid") throw new UsageError(misnamed(jobName));
    return said;
  }
  if (prefix === "public" || prefix === GLOBAL_ROOM) return GLOBAL_ROOM;
  if (prefix === "private") {
    throw new UsageError(`${jobName} is some room's own job: say which with --room or JOBLIB_ROOM`);
  }
  return prefix;
};

const prefixOf = (jobName: string): string => {
  const [prefix = "", category = "", name = "", ...rest] = jobName.split(":");
  const isKnown = prefix === "public" || prefix === "private" || isRoomId(prefix);
  if (rest.length > 0 || !isKnown || !isNamePart(category) || !isNamePart(name)) {
    throw new UsageError(misnamed(jobName));
  }
  return prefix;
};

const misnamed = (jobName: string) => {
  const isBare = isNamePart(jobName);
  const tip = isBare ? `; \`joblib jobs list\` shows what ${jobName} is called in full` : "";
  return `"${jobName}" is not a job's name: ${FULL_NAME}${tip}`;
};
