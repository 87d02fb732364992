import {
  ACCESS_RULES,
  type Access,
  type Actor,
  GLOBAL_ROOM,
  type JobAddress,
  Problem,
} from "../protocol/index.ts";
import type { Credentials, RoomAccess } from "./auth/host-auth.ts";
import type { TaskRecord } from "./records.ts";

/** The authenticated user of a request, and their permissions. */
export interface Caller {
  readonly actor: Actor;
  /** True for an invited user. Such a user needs an invitation to `@global` to read `@global`. */
  readonly isConfined: boolean;
  readonly credentials: Credentials;
  canAccessRoom(roomId: string, access: RoomAccess): Promise<boolean>;
  /** Returns whether the caller may register the job if they have write access to the room. */
  canRegister(job: JobAddress): Promise<boolean>;
  /**
   * Returns the rooms that the caller can read; undefined if the host application cannot list these
   * rooms.
   */
  listRooms(): Promise<readonly string[] | undefined>;
}

export const forbidden = (rule: Access): Problem =>
  new Problem("forbidden", `Permission denied. Allowed callers: ${ACCESS_RULES[rule]}.`);

/** Every user can read `@global`, except users who were invited to other rooms. */
export const canRead = async (caller: Caller, roomId: string): Promise<boolean> =>
  (roomId === GLOBAL_ROOM && !caller.isConfined) || caller.canAccessRoom(roomId, "read");

/**
 * Returns a function that checks whether the caller can read a room, like `canRead`, but checks
 * each room only once.
 */
export function createRoomReader(caller: Caller): (roomId: string) => Promise<boolean> {
  const results = new Map<string, Promise<boolean>>();
  return function canReadRoom(roomId) {
    const result = results.get(roomId) ?? canRead(caller, roomId);
    results.set(roomId, result);
    return result;
  };
}

export function requireCaller(rule: Access, { actor }: Caller): void {
  if (rule === "admin" && !actor.isAdmin) throw forbidden(rule);
}

/**
 * Throws a 403 problem if the caller does not have the access to the room that the rule requires.
 * Rules about tasks and workers are checked in `use-cases`, after the task or worker was read from
 * the database.
 */
export async function requireRoomAccess(rule: Access, caller: Caller, roomId: string): Promise<void> {
  if (rule === "room-read" && !(await canRead(caller, roomId))) throw forbidden(rule);
  if (rule !== "room-write" && rule !== "room-register") return;
  // A user with an invitation to `@global` was invited by an admin, and can therefore register jobs
  // there.
  const needsAdmin = rule === "room-register" && roomId === GLOBAL_ROOM && !caller.isConfined;
  if (needsAdmin && !caller.actor.isAdmin) throw forbidden(rule);
  if (!(await caller.canAccessRoom(roomId, "write"))) throw forbidden(rule);
}

export const isSubmitter = ({ actor }: Caller, { task }: TaskRecord): boolean =>
  task.created_by_id === actor.id;

export const isWorkerOwner = ({ actor }: Caller, record: TaskRecord): boolean =>
  record.workerUserId === actor.id;

export const canReadTask = async (caller: Caller, record: TaskRecord): Promise<boolean> =>
  isSubmitter(caller, record) || isWorkerOwner(caller, record) || canRead(caller, record.task.room_id);
