import { isNamePart, parseJobName } from "../../protocol/job-name.ts";
import { GLOBAL_ROOM, isRoomId } from "../../protocol/rooms.ts";
import { UsageError } from "../io/errors.ts";

/** An example of a full name, for the messages about an invalid name. */
const EXAMPLE_NAMES = {
  job: "public:modifiers:Rotate",
  provider: "private:files:Directory",
} as const;

/**
 * Returns the room of a command that accepts only one room, or undefined if `--room` is missing.
 */
export function getSingleRoom(rooms: readonly string[]): string | undefined {
  if (rooms.length > 1) throw new UsageError("this command accepts only one --room");
  return rooms[0];
}

/**
 * Returns the room in an argument. If the argument is missing, returns the room of `--room` or
 * JOBLIB_ROOM, otherwise `@global`.
 */
export function getRoom(argument: string | undefined, rooms: readonly string[]): string {
  return argument ?? getSingleRoom(rooms) ?? GLOBAL_ROOM;
}

/**
 * Returns the room for a request about a job or a provider: the room of `--room`, or the room in
 * its full name.
 */
export function getJobRoom(
  fullName: string,
  rooms: readonly string[],
  kind: keyof typeof EXAMPLE_NAMES = "job",
): string {
  const room = getSingleRoom(rooms);
  const prefix = parsePrefix(fullName);
  if (prefix === undefined) throw createInvalidNameError(fullName, kind);
  if (room !== undefined) {
    if (parseJobName(fullName, room).kind === "invalid") throw createInvalidNameError(fullName, kind);
    return room;
  }
  if (prefix === "public" || prefix === GLOBAL_ROOM) return GLOBAL_ROOM;
  if (prefix === "private") {
    throw new UsageError(`${fullName} is private to a room. Select the room with --room or JOBLIB_ROOM.`);
  }
  return prefix;
}

/** Returns the prefix of the full name of a job or a provider; undefined for an invalid name. */
function parsePrefix(fullName: string): string | undefined {
  const [prefix = "", category = "", name = "", ...rest] = fullName.split(":");
  const isKnown = prefix === "public" || prefix === "private" || isRoomId(prefix);
  return rest.length > 0 || !isKnown || !isNamePart(category) || !isNamePart(name) ? undefined : prefix;
}

function createInvalidNameError(fullName: string, kind: keyof typeof EXAMPLE_NAMES): UsageError {
  const expected = `Expected <prefix>:<category>:<name>, such as ${EXAMPLE_NAMES[kind]}.`;
  const prefixes = "The prefix is `public`, the room id, or `private` for the room of --room.";
  const advice = isNamePart(fullName) ? ` Run \`joblib ${kind}s list\` to find the full name.` : "";
  return new UsageError(`invalid ${kind} name "${fullName}". ${expected} ${prefixes}${advice}`);
}
