import { isNamePart, parseJobName } from "../../protocol/job-name.ts";
import { GLOBAL_ROOM, isRoomId } from "../../protocol/rooms.ts";
import { UsageError } from "../io/errors.ts";

const EXPECTED_NAME =
  "Expected <prefix>:<category>:<name>, such as public:modifiers:Rotate. The prefix is public, private or a room id.";

/** Returns the room of a command that accepts only one room. Returns undefined if `--room` is missing. */
export function getSingleRoom(rooms: readonly string[]): string | undefined {
  if (rooms.length > 1) throw new UsageError("this command accepts only one --room");
  return rooms[0];
}

/**
 * Returns the room in an argument. If the argument is missing, returns the room of `--room` or JOBLIB_ROOM, otherwise
 * `@global`.
 */
export function getRoom(argument: string | undefined, rooms: readonly string[]): string {
  return argument ?? getSingleRoom(rooms) ?? GLOBAL_ROOM;
}

/** Returns the room for a request about a job: the room of `--room`, or the room in the job's name. */
export function getJobRoom(jobName: string, rooms: readonly string[]): string {
  const room = getSingleRoom(rooms);
  const prefix = parsePrefix(jobName);
  if (room !== undefined) {
    if (parseJobName(jobName, room).kind === "invalid") throw new UsageError(describeInvalidName(jobName));
    return room;
  }
  if (prefix === "public" || prefix === GLOBAL_ROOM) return GLOBAL_ROOM;
  if (prefix === "private") {
    throw new UsageError(`${jobName} is private to a room. Select the room with --room or JOBLIB_ROOM.`);
  }
  return prefix;
}

function parsePrefix(jobName: string): string {
  const [prefix = "", category = "", name = "", ...rest] = jobName.split(":");
  const isKnown = prefix === "public" || prefix === "private" || isRoomId(prefix);
  if (rest.length > 0 || !isKnown || !isNamePart(category) || !isNamePart(name)) {
    throw new UsageError(describeInvalidName(jobName));
  }
  return prefix;
}

function describeInvalidName(jobName: string) {
  const advice = isNamePart(jobName) ? " Run `joblib jobs list` to find the full name." : "";
  return `invalid job name "${jobName}". ${EXPECTED_NAME}${advice}`;
}
