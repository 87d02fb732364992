import type {
  JobTaskQuery,
  RoomTaskQuery,
  TaskFilter,
  TaskPage,
  TaskPageQuery,
} from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { isUuid } from "../storage/ids.ts";
import type { TaskSelection } from "../storage/task-lists.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";
import { validationError } from "./schema-checks.ts";
import { toWireTask } from "./wire.ts";

type Ports = Pick<Context, "storage" | "settings">;

/** Which of a room's tasks a filter means; a job that it names may have been removed, and registered anew, since. */
export const resolveTaskFilter = async (
  { storage }: Pick<Ports, "storage">,
  roomId: string,
  { status, job, created_by, q, ids }: TaskFilter,
): Promise<TaskSelection> => {
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
};

/** The 422 of a task to go on from that is not in the list. */
export const unknownCursor = () =>
  validationError("The request does not fit.", [{ pointer: "/after", detail: "names no task of this room" }]);

/** Who searches for a whole id means that task, however old it is, if the room has it. */
const byId = async ({ storage }: Ports, of: TaskSelection, window: TaskPageQuery) => {
  if (of.text === undefined || !isUuid(of.text)) return undefined;
  const { text, ...rest } = of;
  const listed = await storage.tasks.list({ ...rest, ids: [text] }, { ...window, after: undefined });
  return listed !== undefined && listed.total > 0 ? listed : undefined;
};

/** A room's tasks, as far as they match. */
export const listRoomTasks = async (
  ports: Ports,
  roomId: string,
  { limit, offset, after, ...filter }: RoomTaskQuery,
): Promise<TaskPage> =>
  listTasks(ports, await resolveTaskFilter(ports, roomId, filter), { limit, offset, after });

/** The same of a job as it is registered now. */
export const listJobTasks = async (
  ports: Ports,
  { roomId, jobName }: { readonly roomId: string; readonly jobName: string },
  { limit, offset, after, ...filter }: JobTaskQuery,
): Promise<TaskPage> => {
  const job = await ports.storage.jobs.findWithoutCounts(resolveJobName(jobName, roomId));
  if (job === undefined) throw jobNotFound(jobName, roomId);
  const of = { ...(await resolveTaskFilter(ports, roomId, filter)), jobIds: [job.id] };
  return listTasks(ports, of, { limit, offset, after });
};

const listTasks = async (ports: Ports, of: TaskSelection, window: TaskPageQuery): Promise<TaskPage> => {
  const { limit, offset } = window;
  const listed = (await byId(ports, of, window)) ?? (await ports.storage.tasks.list(of, window));
  if (listed === undefined) throw unknownCursor();
  const { items, total, searchedTo } = listed;
  return {
    items: items.map((record) => toWireTask(ports.settings, record)),
    ...{ total, limit, offset },
    ...(searchedTo !== undefined && { searched_to: searchedTo }),
  };
};
