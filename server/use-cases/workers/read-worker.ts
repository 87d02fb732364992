import { formatJobName, type JobAddress, type WorkerDetails } from "../../../protocol/index.ts";
import { type Caller, canReadTask, createRoomReader, forbidden } from "../../access.ts";
import type { Context } from "../../context.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { isUuid } from "../../storage/ids.ts";
import type { WorkerDetailsRecord } from "../../storage/ports/workers.ts";

type Ports = Pick<Context, "storage" | "settings" | "owners">;

/** Converts a worker for a response. Includes only those of its jobs and tasks that the caller can read. */
export const toWorkerDetails = async (
  { settings, owners }: Ports,
  caller: Caller,
  { worker, jobs, leasedTasks }: WorkerDetailsRecord,
): Promise<WorkerDetails> => {
  const canReadAll = caller.actor.isAdmin || (await owners.getOwnerId(worker.id)) === caller.actor.id;
  const canReadRoom = createRoomReader(caller);
  const cachingCaller = { ...caller, canAccessRoom: (roomId: string) => canReadRoom(roomId) };
  const formatName = (job: JobAddress) => formatJobName(job, settings.job_name_style);
  const readableJobs: WorkerDetails["jobs"] = [];
  for (const job of jobs) {
    if (canReadAll || (await canReadRoom(job.roomId)))
      readableJobs.push({ room_id: job.roomId, job_name: formatName(job) });
  }
  const tasks: WorkerDetails["tasks"] = [];
  for (const { record, claimedAt } of leasedTasks) {
    if (!canReadAll && !(await canReadTask(cachingCaller, record))) continue;
    const { id, room_id, status, started_at, progress } = record.task;
    const job_name = formatName(record.job);
    tasks.push({ id, job_name, room_id, status, claimed_at: claimedAt, started_at, progress });
  }
  return { ...worker, draining: worker.draining === true, jobs: readableJobs, tasks };
};

/**
 * Returns a worker to its owner, an admin, or a caller who can read the room of one of its jobs. Throws a 403 or a
 * 404.
 */
export const readWorker = async (
  context: Ports,
  caller: Caller,
  workerId: string,
): Promise<WorkerDetails> => {
  const { storage, settings } = context;
  const id = workerId.toLowerCase();
  const record = isUuid(id)
    ? await storage.workerDetails.find(id, settings.worker_timeout_threshold)
    : undefined;
  if (record === undefined) throw workerNotFound();
  const details = await toWorkerDetails(context, caller, record);
  const canReadAll = caller.actor.isAdmin || (await context.owners.getOwnerId(id)) === caller.actor.id;
  if (!canReadAll && details.jobs.length === 0) throw forbidden("worker-read");
  return details;
};
