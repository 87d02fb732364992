import { GLOBAL_ROOM } from "../../protocol/room.ts";
import { TaskStatus } from "../../protocol/task-status.ts";
import type { JoblibClient } from "../../sdk/http/client.ts";
import type { GlobalOptions } from "../global-options.ts";
import { getParameters, type Parameter } from "../parameters/parameter.ts";
import { formatChoices } from "../parameters/read-value.ts";
import { getJobRoom } from "../room.ts";
import { formatCount } from "../views/count.ts";
import { getDescription } from "../views/schema-view.ts";

/** A possible completion and its description. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** The server of the command line, and its global options. */
export interface CompletionContext {
  readonly client: JoblibClient;
  readonly global: GlobalOptions;
  readonly signal: AbortSignal;
}

const MAX_CANDIDATES = 100;

const FIRST_PAGE = { limit: MAX_CANDIDATES };

const getLineRoom = ({ global }: CompletionContext) => global.room.at(-1) ?? GLOBAL_ROOM;

/** Lists the rooms that are in use, and those of the caller's token, which may be empty. */
export const listRooms = async ({ client, signal }: CompletionContext): Promise<Candidate[]> => {
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
};

/** Lists the jobs that are available in the room of the line. */
export const listJobs = async (context: CompletionContext): Promise<Candidate[]> => {
  const { client, signal } = context;
  const { items } = await client.jobs.list(getLineRoom(context), FIRST_PAGE, { signal, retry: false });
  return items.map(({ full_name, description }) => ({
    value: full_name,
    description: description ?? "",
  }));
};

/** Lists `<category>:<name>` of these jobs. */
export const listJobKinds = async (context: CompletionContext): Promise<Candidate[]> =>
  (await listJobs(context)).map(({ value, description }) => ({
    value: value.slice(value.indexOf(":") + 1),
    description,
  }));

/** Lists the newest tasks of the room of the line. */
export const listTasks = async (context: CompletionContext): Promise<Candidate[]> => {
  const { client, signal } = context;
  const { items } = await client.tasks.list(getLineRoom(context), FIRST_PAGE, { signal, retry: false });
  return items.map(({ id, status, job_name }) => ({ value: id, description: `${status} ${job_name}` }));
};

/** Lists the workers of the caller; all workers for an admin. */
export const listWorkers = async ({ client, signal }: CompletionContext): Promise<Candidate[]> => {
  const { items } = await client.workers.list(FIRST_PAGE, { signal, retry: false });
  return items.map(({ id, name, alive }) => ({
    value: id,
    description: `${alive ? "online" : "offline"} ${name ?? ""}`,
  }));
};

/** Lists the invitations to the room of the line that were not revoked. */
export const listInvitations = async (context: CompletionContext): Promise<Candidate[]> => {
  const { client, signal } = context;
  const { items } = await client.invitations.list(getLineRoom(context), FIRST_PAGE, { signal, retry: false });
  return items
    .filter(({ revoked_at }) => revoked_at === null)
    .map(({ id, note, expires_at }) => ({ value: id, description: `${note ?? ""} until ${expires_at}` }));
};

/** Lists the statuses of a task. */
export const listStatuses = async (): Promise<Candidate[]> =>
  TaskStatus.options.map((value) => ({ value, description: "" }));

/** Lists the parameters of a job. */
export const listParameters = async (
  { client, global, signal }: CompletionContext,
  job: string,
): Promise<Parameter[]> => {
  const { schema } = await client.jobs.get(getJobRoom(job, global.room), job, { signal, retry: false });
  return getParameters(schema);
};

/** Lists the flags of parameters. */
export const listParameterFlags = (all: readonly Parameter[]): Candidate[] =>
  all.flatMap(({ flag, kind, isList, schema }) => {
    const description = getDescription(schema);
    const plain = { value: `--${flag}`, description };
    return kind === "boolean" && !isList ? [plain, { value: `--no-${flag}`, description }] : [plain];
  });

/** Lists the allowed values of a parameter; empty if it has no `enum`. */
export const listChoices = (all: readonly Parameter[], flag: string): Candidate[] =>
  formatChoices(all.find((parameter) => parameter.flag === flag)?.choices ?? []).map((value) => ({
    value,
    description: "",
  }));
