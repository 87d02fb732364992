import {
  formatJobName,
  GLOBAL_ROOM,
  isJsonObject,
  JsonObject,
  parseJobName,
  type TaskSubmission,
} from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import { type ExtensionInstance, isExtensionClass } from "../extension/extension.ts";
import { getStaticRooms, type JobEntry } from "../extension/job-registry.ts";
import { toJson } from "../extension/json.ts";
import { type TaskOptions, toWireOptions } from "../extension/task-options.ts";

/** Options of `JobManager.submit`. */
export interface SubmitOptions extends TaskOptions {
  /** The task's room. Default: the manager's room, or the only room of the class. */
  readonly room?: string | undefined;
  /**
   * True if the job is in `@global`, false if it is in the task's room. Default: depends on the
   * rooms in which the class is registered.
   */
  readonly public?: boolean | undefined;
  /**
   * A repeated submit with the same key returns the same task. Default: a random key. Not allowed
   * if an array is submitted.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Aborts the submit, which then rejects with the signal's reason. The task may have been created.
   */
  readonly signal?: AbortSignal | undefined;
}

/** The room and job of a task: the path parameters of `submitTask`. */
export interface Destination {
  readonly room_id: string;
  readonly job_name: string;
}

/** A payload that may contain local files, with the room and job of its task. */
export interface AddressedPayload {
  readonly destination: Destination;
  readonly payload: unknown;
}

/** A task to submit, with its room and job. */
export interface AddressedSubmission {
  readonly destination: Destination;
  readonly submission: TaskSubmission;
}

/**
 * Returns the room and job of a task that is submitted as an instance of an extension. If
 * `options.public` is not set, the job is in `@global` if the class is registered in `@global` but
 * not in the task's room. Throws `UsageError` if no room is known, or if the object is not an
 * extension.
 */
export const getDestination = (
  instance: ExtensionInstance,
  options: SubmitOptions,
  { ownRoom, entry }: { ownRoom: string | undefined; entry: JobEntry<never> | undefined },
): Destination => {
  const Class: unknown = instance.constructor;
  if (!isExtensionClass(Class))
    throw new UsageError("the submitted object is not an extension: its class must extend `Extension(…)`");
  const name = entry?.name ?? Class.name;
  const registeredRooms = entry === undefined ? getStaticRooms(Class) : [...entry.rooms.keys()];
  const rooms = registeredRooms.map((room) => room ?? ownRoom);
  const localRooms = rooms.filter((room) => room !== undefined && room !== GLOBAL_ROOM);
  const inGlobal = rooms.includes(GLOBAL_ROOM);

  // Use the manager's room if the class is registered there, otherwise the only room of the class.
  const isHere = ownRoom !== undefined && (inGlobal || localRooms.includes(ownRoom));
  const onlyRoom = localRooms.length === 1 ? localRooms[0] : undefined;
  const room =
    options.room ?? (isHere ? ownRoom : (onlyRoom ?? ownRoom ?? (inGlobal ? GLOBAL_ROOM : undefined)));
  if (room === undefined) throw createUnknownRoomError(name);
  const isPublic = options.public ?? (room === GLOBAL_ROOM || (inGlobal && !localRooms.includes(room)));
  const roomId = isPublic ? GLOBAL_ROOM : room;
  return { room_id: room, job_name: formatJobName({ roomId, category: Class.category, name }) };
};

/**
 * Returns the room and job of a task that is submitted by job name. Uses `room` if it is set,
 * otherwise the manager's room, otherwise the room in the job's name. Throws `UsageError` if the
 * name is malformed, or if no room is known.
 */
export const getDestinationByName = (
  jobName: string,
  { room }: SubmitOptions,
  ownRoom: string | undefined,
): Destination => {
  const explicitRoom = room ?? ownRoom;
  if (parseJobName(jobName, explicitRoom ?? GLOBAL_ROOM).kind === "invalid") {
    throw new UsageError(
      `${JSON.stringify(jobName)} is not a job name: use <prefix>:<category>:<name>; the prefix is public, private or a room id`,
    );
  }
  const prefix = jobName.slice(0, jobName.indexOf(":"));
  if (prefix === "private" && explicitRoom === undefined) throw createUnknownRoomError(jobName);
  const namedRoom = prefix === "public" || prefix === "private" ? GLOBAL_ROOM : prefix;
  return { room_id: explicitRoom ?? namedRoom, job_name: jobName };
};

const createUnknownRoomError = (name: string): UsageError =>
  new UsageError(`the room of a ${name} task is unknown: pass { room } to submit, or to the job manager`);

/** Converts a payload to a task. Throws `NotJsonError` if the payload is not JSON. */
export const toAddressedSubmission = (
  { destination, payload }: AddressedPayload,
  options: SubmitOptions,
): AddressedSubmission => ({ destination, submission: toSubmission(payload, options) });

/** Returns the body of a submit. Throws `NotJsonError` if the payload is not JSON. */
const toSubmission = (payload: unknown, options: SubmitOptions): TaskSubmission => {
  const json = toJson(payload ?? {});
  return { payload: isJsonObject(json) ? json : JsonObject.parse(json), ...toWireOptions(options) };
};
