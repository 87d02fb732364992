import type {
  JobTaskQuery,
  RoomTaskQuery,
  TaskFilter,
  TaskPage,
  TaskPageQuery,
} from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import type { Serializable } from "../../raw-json.ts";
import { isUuid } from "../../storage/ids.ts";
import type { TaskSelection } from "../../storage/ports/tasks.ts";
import { toWireTask } from "../../wire.ts";
import { findJob, jobNotFound, resolveJobName } from "../jobs/read-jobs.ts";
import { validationError } from "../jobs/schema-checks.ts";

export async function listRoomTasks(
  context: Context,
  roomId: string,
  query: RoomTaskQuery,
): Promise<Serializable<TaskPage>> {
  return listTasks(context, await resolveTaskFilter(context, roomId, query), query);
}

/** Lists those tasks of a job's current registration that match a filter. */
export async function listJobTasks(
  context: Context,
  { roomId, jobName }: { readonly roomId: string; readonly jobName: string },
  query: JobTaskQuery,
): Promise<Serializable<TaskPage>> {
  const { id } = await findJob(context, roomId, jobName);
  const selection = await resolveTaskFilter(context, roomId, query);
  return listTasks(context, { ...selection, jobIds: [id] }, query);
}

async function listTasks(
  context: Context,
  selection: TaskSelection,
  { limit, offset, after }: TaskPageQuery,
): Promise<Serializable<TaskPage>> {
  const window = { limit, offset, after };
  const listed =
    (await findById(context, selection, window)) ?? (await context.storage.tasks.list(selection, window));
  if (listed === undefined) throw unknownCursor();
  const { items, total, searchedTo } = listed;
  return {
    items: items.map((record) => toWireTask(context.settings, record)),
    ...{ total, limit, offset },
    ...(searchedTo !== undefined && { searched_to: searchedTo }),
  };
}

/** Returns the task whose id is the search text, even if it is too old to be searched. */
async function findById({ storage }: Context, { text, ...selection }: TaskSelection, window: TaskPageQuery) {
  if (text === undefined || !isUuid(text)) return undefined;
  const listed = await storage.tasks.list({ ...selection, ids: [text] }, { ...window, after: undefined });
  return listed !== undefined && listed.total > 0 ? listed : undefined;
}

/**
 * Resolves a filter to a selection of a room's tasks. A job name selects the tasks of all
 * registrations with this name, including removed ones. Throws a 404 if there was never such a
 * registration.
 */
export async function resolveTaskFilter(
  { storage }: Context,
  roomId: string,
  { status, job, created_by, q, ids }: TaskFilter,
): Promise<TaskSelection> {
  const jobIds = job === undefined ? undefined : await storage.jobs.findIds(resolveJobName(job, roomId));
  if (job !== undefined && jobIds?.length === 0) throw jobNotFound(job, roomId);
  return {
    roomId,
    ...(jobIds && { jobIds }),
    ...(status && { statuses: status }),
    ...(created_by !== undefined && { createdById: created_by }),
    ...(q !== undefined && { text: q }),
    ...(ids && { ids }),
  };
}

/** Creates the 422 for a cursor (`after`) that is not a task of the room. */
export function unknownCursor() {
  return validationError("The page cursor is invalid; see `errors`.", [
    { pointer: "/after", detail: "is not the id of a task in this room" },
  ]);
}
