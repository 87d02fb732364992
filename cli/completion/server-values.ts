import { GLOBAL_ROOM } from "../../protocol/rooms.ts";
import { TaskStatus } from "../../protocol/tasks/status.ts";
import type { JoblibClient } from "../../sdk/http/client.ts";
import type { GlobalOptions } from "../connect/global-options.ts";
import { getJobRoom } from "../connect/room.ts";
import { getParameters, type Parameter } from "../parameters/parameter.ts";
import { formatChoices } from "../parameters/read-value.ts";
import { getDescription } from "../views/schema-view.ts";
import { formatCount } from "../views/units.ts";

/** A possible completion and its description. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface CompletionContext {
  readonly client: JoblibClient;
  readonly global: GlobalOptions;
  readonly signal: AbortSignal;
}

const MAX_CANDIDATES = 100;

const FIRST_PAGE = { limit: MAX_CANDIDATES };

const getSelectedRoom = ({ global }: CompletionContext) => global.room.at(-1) ?? GLOBAL_ROOM;

/** Lists the rooms in use and the rooms of the caller's token, which may not be in use yet. */
export async function listRooms({ client, signal }: CompletionContext): Promise<Candidate[]> {
  const options = { signal, retry: false } as const;
  const [listed, caller] = await Promise.all([
    client.rooms.list(FIRST_PAGE, options),
    client.server.caller({}, options),
  ]);
  const descriptions = new Map(
    listed.items.map(({ room_id, jobs: count, workers: alive }) => [
      room_id,
      `${formatCount(count, "job")}, ${formatCount(alive, "worker")}`,
    ]),
  );
  const named = Array.isArray(caller.rooms) ? caller.rooms : [];
  return [...new Set([GLOBAL_ROOM, ...descriptions.keys(), ...named])].map((value) => ({
    value,
    description: descriptions.get(value) ?? "",
  }));
}

/** Lists the jobs that are visible in the room that the command line selects. */
export async function listJobs(context: CompletionContext): Promise<Candidate[]> {
  const { client, signal } = context;
  const { items } = await client.jobs.list(getSelectedRoom(context), FIRST_PAGE, { signal, retry: false });
  return items.map(({ full_name, description }) => ({
    value: full_name,
    description: description ?? "",
  }));
}

/** Lists the same jobs as `listJobs`, but as `<category>:<name>`. */
export async function listJobKinds(context: CompletionContext): Promise<Candidate[]> {
  return (await listJobs(context)).map(({ value, description }) => ({
    value: value.slice(value.indexOf(":") + 1),
    description,
  }));
}

/** Lists the newest tasks of the room that the command line selects. */
export async function listTasks(context: CompletionContext): Promise<Candidate[]> {
  const { client, signal } = context;
  const { items } = await client.tasks.list(getSelectedRoom(context), FIRST_PAGE, { signal, retry: false });
  return items.map(({ id, status, job_name }) => ({ value: id, description: `${status} ${job_name}` }));
}

/** Lists the workers of the caller, or all workers if the caller is an admin. */
export async function listWorkers({ client, signal }: CompletionContext): Promise<Candidate[]> {
  const { items } = await client.workers.list(FIRST_PAGE, { signal, retry: false });
  return items.map(({ id, name, online }) => ({
    value: id,
    description: `${online ? "online" : "offline"} ${name ?? ""}`,
  }));
}

/** Lists the invitations to the room that the command line selects, without revoked ones. */
export async function listInvitations(context: CompletionContext): Promise<Candidate[]> {
  const { client, signal } = context;
  const { items } = await client.invitations.list(getSelectedRoom(context), FIRST_PAGE, {
    signal,
    retry: false,
  });
  return items
    .filter(({ revoked_at }) => revoked_at === null)
    .map(({ id, note, expires_at }) => ({ value: id, description: `${note ?? ""} until ${expires_at}` }));
}

export async function listStatuses(): Promise<Candidate[]> {
  return TaskStatus.options.map((value) => ({ value, description: "" }));
}

export async function listParameters(
  { client, global, signal }: CompletionContext,
  job: string,
): Promise<Parameter[]> {
  const { schema } = await client.jobs.get(getJobRoom(job, global.room), job, { signal, retry: false });
  return getParameters(schema);
}

/** Lists `--name` for every parameter, and also `--no-name` for a boolean. */
export function listParameterFlags(all: readonly Parameter[]): Candidate[] {
  return all.flatMap(({ flag, kind, isList, schema }) => {
    const description = getDescription(schema);
    const plain = { value: `--${flag}`, description };
    return kind === "boolean" && !isList ? [plain, { value: `--no-${flag}`, description }] : [plain];
  });
}

/**
 * Lists the allowed values of a parameter. The list is empty if the schema of the parameter has no
 * `enum` or `const`.
 */
export function listChoices(all: readonly Parameter[], flag: string): Candidate[] {
  return formatChoices(all.find((parameter) => parameter.flag === flag)?.choices ?? []).map((value) => ({
    value,
    description: "",
  }));
}
