import {
  ACCESS_RULES,
  type Access,
  type Actor,
  GLOBAL_ROOM,
  type JobAddress,
  Problem,
} from "../protocol/index.ts";
import type { Credentials, RoomAccess } from "./host.ts";
import type { TaskRecord } from "./storage/storage.ts";

/** Who asks, and what the host lets it do in a room. */
export interface Caller {
  readonly actor: Actor;
  /** Let into its rooms alone: `@global` is none of them unless it is named. */
  readonly isConfined: boolean;
  canAccessRoom(roomId: string, access: RoomAccess): Promise<boolean>;
  /** Whether it may register that job, in a room where it may write. */
  mayRegister(job: JobAddress): Promise<boolean>;
  /** What its credentials say of themselves. */
  credentials(): Promise<Credentials>;
  /** Those that it may read, where the host can name them. */
  namedRooms(): Promise<readonly string[] | undefined>;
}

/** The 403 of a rule. */
export const forbidden = (rule: Access): Problem =>
  new Problem("forbidden", `This needs: ${ACCESS_RULES[rule]}.`);

/** `@global` is readable by every user but those who were invited elsewhere; of any other room, and of writing, the host decides. */
export const canRead = async (caller: Caller, roomId: string): Promise<boolean> =>
  (roomId === GLOBAL_ROOM && !caller.isConfined) || caller.canAccessRoom(roomId, "read");

/** The same, asked at most once of each room. */
export const createRoomReader = (caller: Caller): ((roomId: string) => Promise<boolean>) => {
  const asked = new Map<string, Promise<boolean>>();
  return (roomId) => {
    const known = asked.get(roomId) ?? canRead(caller, roomId);
    asked.set(roomId, known);
    return known;
  };
};

/** 403 for a rule that the caller's own name decides. */
export const requireCaller = (rule: Access, { actor }: Caller): void => {
  if (rule === "admin" && !actor.isAdmin) throw forbidden(rule);
};

/** The part of a rule that a room's name alone decides; rules about a task or a worker are checked where it is read. */
export const requireRoomAccess = async (rule: Access, caller: Caller, roomId: string): Promise<void> => {
  if (rule === "room-read" && !(await canRead(caller, roomId))) throw forbidden(rule);
  if (rule === "room-write" && !(await caller.canAccessRoom(roomId, "write"))) throw forbidden(rule);
  if (rule !== "room-register") return;
  // Who is confined and may write there was invited there, by an admin.
  if (roomId === GLOBAL_ROOM && !caller.actor.isAdmin && !caller.isConfined) throw forbidden(rule);
  if (!(await caller.canAccessRoom(roomId, "write"))) throw forbidden(rule);
};

/** True for who submitted the task. */
export const isSubmitter = ({ actor }: Caller, { task }: TaskRecord): boolean =>
  task.created_by_id === actor.id;

/** True for the user whose worker is named in the task. */
export const isWorkerOwner = ({ actor }: Caller, record: TaskRecord): boolean =>
  record.workerUserId === actor.id;

/** Read in its room, or its submitter, or the user whose worker holds it. */
export const canReadTask = async (caller: Caller, record: TaskRecord): Promise<boolean> =>
  isSubmitter(caller, record) || isWorkerOwner(caller, record) || canRead(caller, record.task.room_id);
