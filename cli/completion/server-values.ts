import { GLOBAL_ROOM } from "../../protocol/room.ts";
import { TaskStatus } from "../../protocol/task-status.ts";
import type { GlobalOptions } from "../global-options.ts";
import { getParameters, type Parameter } from "../parameters/parameter.ts";
import { formatChoices } from "../parameters/read-value.ts";
import { getJobRoom } from "../room.ts";
import type { Client } from "../tools.ts";
import { getDescription } from "../views/schema-view.ts";

/** What may stand there, and a word about it. */
export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** How the server is asked. */
export interface CompletionContext {
  readonly client: Client;
  readonly global: GlobalOptions;
  readonly signal: AbortSignal;
}

const MOST = 100;

const page = { limit: MOST };

const roomOf = ({ global }: CompletionContext) => global.room.at(-1) ?? GLOBAL_ROOM;

/** Rooms that hold something, and those that the caller's token names, which may hold nothing yet. */
export const rooms = async ({ client, signal }: CompletionContext): Promise<Candidate[]> => {
  const options = { signal, retry: false } as const;
  const [listed, standing] = await Promise.all([
    client.call("listRooms", { query: page }, options),
    client.call("readCaller", {}, options),
  ]);
  const abouts = new Map(
    listed.body.items.map(({ room_id, jobs: count, workers: alive }) => [
      room_id,
      `${count} jobs, ${alive} workers`,
    ]),
  );
  const named = Array.isArray(standing.body.rooms) ? standing.body.rooms : [];
  return [...new Set([GLOBAL_ROOM, ...abouts.keys(), ...named])].map((value) => ({
    value,
    about: abouts.get(value) ?? "",
  }));
};

/** Jobs that the line's room sees. */
export const jobs = async (asking: CompletionContext): Promise<Candidate[]> => {
  const { client, signal } = asking;
  const params = { room_id: roomOf(asking) };
  const { body } = await client.call("listJobs", { params, query: page }, { signal, retry: false });
  return body.items.map(({ full_name, description }) => ({ value: full_name, about: description ?? "" }));
};

/** The kinds of those jobs. */
export const jobKinds = async (asking: CompletionContext): Promise<Candidate[]> =>
  (await jobs(asking)).map(({ value, about }) => ({ value: value.slice(value.indexOf(":") + 1), about }));

/** The newest tasks of the line's room. */
export const tasks = async (asking: CompletionContext): Promise<Candidate[]> => {
  const { client, signal } = asking;
  const params = { room_id: roomOf(asking) };
  const { body } = await client.call("listRoomTasks", { params, query: page }, { signal, retry: false });
  return body.items.map(({ id, status, job_name }) => ({ value: id, about: `${status} ${job_name}` }));
};

/** The workers that the caller may see, in the line's room where it names one. */
export const workers = async ({ client, signal }: CompletionContext): Promise<Candidate[]> => {
  const { body } = await client.call("listWorkers", { query: page }, { signal, retry: false });
  return body.items.map(({ id, name, alive }) => ({
    value: id,
    about: `${alive ? "alive" : "gone"} ${name ?? ""}`,
  }));
};

/** The line's room's invitations that were not revoked. */
export const invitations = async (asking: CompletionContext): Promise<Candidate[]> => {
  const { client, signal } = asking;
  const params = { room_id: roomOf(asking) };
  const { body } = await client.call("listInvitations", { params, query: page }, { signal, retry: false });
  return body.items
    .filter(({ revoked_at }) => revoked_at === null)
    .map(({ id, note, expires_at }) => ({ value: id, about: `${note ?? ""} until ${expires_at}` }));
};

/** Every status of a task. */
export const statuses = async (): Promise<Candidate[]> =>
  TaskStatus.options.map((value) => ({ value, about: "" }));

/** The parameters of a job. */
export const parameters = async (
  { client, global, signal }: CompletionContext,
  job: string,
): Promise<Parameter[]> => {
  const params = { room_id: getJobRoom(job, global.room), job_name: job };
  const { body } = await client.call("readJob", { params }, { signal, retry: false });
  return getParameters(body.schema);
};

/** Parameters as flags. */
export const listParameterFlags = (all: readonly Parameter[]): Candidate[] =>
  all.flatMap(({ flag, kind, isList, schema }) => {
    const about = getDescription(schema);
    const plain = { value: `--${flag}`, about };
    return kind === "boolean" && !isList ? [plain, { value: `--no-${flag}`, about }] : [plain];
  });

/** The values that a parameter may have, where they are few. */
export const listChoices = (all: readonly Parameter[], flag: string): Candidate[] =>
  formatChoices(all.find((one) => one.flag === flag)?.choices ?? []).map((value) => ({ value, about: "" }));
