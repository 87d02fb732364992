import {
  formatJobName,
  GLOBAL_ROOM,
  isJsonObject,
  JsonObject,
  parseJobName,
  type TaskSubmission,
} from "../protocol/index.ts";
import { UsageError } from "./errors.ts";
import { type ExtensionInstance, getPayload, isExtensionClass } from "./extension.ts";
import { getStaticRooms, type JobEntry } from "./job-registry.ts";
import { toJson } from "./json.ts";
import { type TaskOptions, toWireOptions } from "./task-options.ts";

/** Where a task goes, and how. */
export interface SubmitOptions extends TaskOptions {
  /** The task's room; the manager's, or the only one that the class names. */
  readonly room?: string | undefined;
  /** True: the job in `@global`, false: the room's own. Without it, as the class is registered or says itself. */
  readonly public?: boolean | undefined;
  /** The same key gives the same task; a fresh one where none is given. */
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A task's room and the name of its job, as they stand in the path of a submit. */
export interface Destination {
  readonly room_id: string;
  readonly job_name: string;
}

/** Where an instance's task goes: to its room's own job where the class is registered there, else to the global one. */
export const getDestination = (
  instance: ExtensionInstance,
  options: SubmitOptions,
  {
    ownRoom,
    entryOf,
  }: { ownRoom: string | undefined; entryOf: (Class: unknown) => JobEntry<never> | undefined },
): Destination => {
  const Class: unknown = instance.constructor;
  if (!isExtensionClass(Class))
    throw new UsageError("only instances of a class that extends `Extension(…)` can be submitted");
  const entry = entryOf(Class);
  const name = entry?.name ?? Class.name;
  const named = entry === undefined ? getStaticRooms(Class) : [...entry.rooms.keys()];
  const rooms = named.map((room) => room ?? ownRoom);
  const roomsOwn = rooms.filter((room) => room !== undefined && room !== GLOBAL_ROOM);
  const inGlobal = rooms.includes(GLOBAL_ROOM);

  // The manager's room where the class is to be found there; else the one that the class names.
  const isHere = ownRoom !== undefined && (inGlobal || roomsOwn.includes(ownRoom));
  const only = roomsOwn.length === 1 ? roomsOwn[0] : undefined;
  const room = options.room ?? (isHere ? ownRoom : (only ?? ownRoom ?? (inGlobal ? GLOBAL_ROOM : undefined)));
  if (room === undefined) {
    throw new UsageError(`a task of ${name} needs a room: submit it with { room }, or give the manager one`);
  }
  const isPublic = options.public ?? (room === GLOBAL_ROOM || (inGlobal && !roomsOwn.includes(room)));
  const roomId = isPublic ? GLOBAL_ROOM : room;
  return { room_id: room, job_name: formatJobName({ roomId, category: Class.category, name }) };
};

/** Where a task of a job goes that is known by its name alone: the room that is said, or the one that the name tells. */
export const getDestinationByName = (
  jobName: string,
  { room }: SubmitOptions,
  ownRoom: string | undefined,
): Destination => {
  const said = room ?? ownRoom;
  if (parseJobName(jobName, said ?? GLOBAL_ROOM).kind === "invalid") {
    throw new UsageError(`a job's name is <prefix>:<category>:<name>, not ${JSON.stringify(jobName)}`);
  }
  const prefix = jobName.slice(0, jobName.indexOf(":"));
  if (prefix === "private" && said === undefined) {
    throw new UsageError(
      `a task of ${jobName} needs a room: submit it with { room }, or give the manager one`,
    );
  }
  const named = prefix === "public" || prefix === "private" ? GLOBAL_ROOM : prefix;
  return { room_id: said ?? named, job_name: jobName };
};

/** The body of a submit: a payload, and the options. */
export const toSubmission = (payload: unknown, options: SubmitOptions): TaskSubmission => {
  const json = toJson(payload ?? {});
  return { payload: isJsonObject(json) ? json : JsonObject.parse(json), ...toWireOptions(options) };
};

/** The same of an instance: the input that it was made from. */
export const toInstanceSubmission = (instance: ExtensionInstance, options: SubmitOptions): TaskSubmission =>
  toSubmission(getPayload(instance), options);
