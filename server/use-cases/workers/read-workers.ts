import {
  formatJobName,
  type JobAddress,
  type Page,
  type PageQuery,
  type Worker,
  type WorkerDetails,
} from "../../../protocol/index.ts";
import { type Caller, canReadTask, createRoomReader, forbidden } from "../../access.ts";
import type { Context } from "../../context.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { isUuid } from "../../storage/ids.ts";
import type { WorkerDetailsRecord, WorkerSelection } from "../../storage/ports/storage.ts";

/** Lists the caller's workers, or all workers if the caller is an admin. */
export function listWorkers(context: Context, { actor }: Caller, window: PageQuery): Promise<Page<Worker>> {
  return listSelected(context, actor.isAdmin ? "all" : { userId: actor.id }, window);
}

/** Lists the workers of the jobs that are visible in a room. */
export function listRoomWorkers(context: Context, roomId: string, window: PageQuery): Promise<Page<Worker>> {
  return listSelected(context, { roomId }, window);
}

async function listSelected(
  { storage, settings }: Context,
  selection: WorkerSelection,
  window: PageQuery,
): Promise<Page<Worker>> {
  const { items, total } = await storage.workers.list(selection, window, settings.worker_timeout_seconds);
  return { items: [...items], total, ...window };
}

/**
 * Returns a worker to its owner, to an admin, or to a user who can read the room of one of its
 * jobs.
 */
export async function readWorker(context: Context, caller: Caller, workerId: string): Promise<WorkerDetails> {
  const { storage, settings } = context;
  const id = workerId.toLowerCase();
  const record = isUuid(id)
    ? await storage.workers.findDetails(id, settings.worker_timeout_seconds)
    : undefined;
  if (record === undefined) throw workerNotFound();
  const details = await toWorkerDetails(context, caller, record);
  if (details.jobs.length === 0 && !(await canReadAll(context, caller, id))) throw forbidden("worker-read");
  return details;
}

/**
 * Converts a worker to the format of a response, with only the jobs and tasks that the caller can
 * read.
 */
export async function toWorkerDetails(
  context: Context,
  caller: Caller,
  { worker, jobs, leasedTasks }: WorkerDetailsRecord,
): Promise<WorkerDetails> {
  const isUnrestricted = await canReadAll(context, caller, worker.id);
  const canReadRoom = createRoomReader(caller);
  const cachingCaller = { ...caller, canAccessRoom: (roomId: string) => canReadRoom(roomId) };
  const formatName = (job: JobAddress) => formatJobName(job, context.settings.job_name_style);
  const readableJobs: WorkerDetails["jobs"] = [];
  for (const job of jobs) {
    if (isUnrestricted || (await canReadRoom(job.roomId)))
      readableJobs.push({ room_id: job.roomId, job_name: formatName(job) });
  }
  const tasks: WorkerDetails["tasks"] = [];
  for (const { record, claimedAt } of leasedTasks) {
    if (!isUnrestricted && !(await canReadTask(cachingCaller, record))) continue;
    const { id, room_id, status, started_at, progress } = record.task;
    const job_name = formatName(record.job);
    tasks.push({ id, job_name, room_id, status, claimed_at: claimedAt, started_at, progress });
  }
  return { ...worker, draining: worker.draining === true, jobs: readableJobs, tasks };
}

async function canReadAll({ owners }: Context, { actor }: Caller, workerId: string): Promise<boolean> {
  return actor.isAdmin || (await owners.getOwnerId(workerId)) === actor.id;
}
