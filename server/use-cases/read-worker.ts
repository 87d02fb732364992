import { formatJobName, type JobAddress, type WorkerDetails } from "../../protocol/index.ts";
import { type Caller, canReadTask, createRoomReader, forbidden } from "../access.ts";
import type { Context } from "../context.ts";
import { isUuid } from "../storage/ids.ts";
import type { WorkerDetailsRecord } from "../storage/worker-details.ts";
import { workerNotFound } from "./worker-owners.ts";

type Ports = Pick<Context, "storage" | "settings" | "owners">;

/** A worker as it is answered, with those of its jobs and tasks that the caller may see. */
export const toWorkerDetails = async (
  { settings, owners }: Ports,
  caller: Caller,
  { worker, jobs, leasedTasks: held }: WorkerDetailsRecord,
): Promise<WorkerDetails> => {
  const isOwn = caller.actor.isAdmin || (await owners.of(worker.id)) === caller.actor.id;
  const maySee = createRoomReader(caller);
  const seen = { ...caller, canAccessRoom: (roomId: string) => maySee(roomId) };
  const nameOf = (job: JobAddress) => formatJobName(job, settings.job_name_style);
  const shownJobs: WorkerDetails["jobs"] = [];
  for (const job of jobs) {
    if (isOwn || (await maySee(job.roomId))) shownJobs.push({ room_id: job.roomId, job_name: nameOf(job) });
  }
  const tasks: WorkerDetails["tasks"] = [];
  for (const { record, claimedAt } of held) {
    if (!isOwn && !(await canReadTask(seen, record))) continue;
    const { id, room_id, status, started_at, progress } = record.task;
    const job_name = nameOf(record.job);
    tasks.push({ id, job_name, room_id, status, claimed_at: claimedAt, started_at, progress });
  }
  return { ...worker, draining: worker.draining === true, jobs: shownJobs, tasks };
};

/** A worker for its owner, an admin, and whoever may read the room of one of its jobs. */
export const readWorker = async (
  context: Ports,
  caller: Caller,
  workerId: string,
): Promise<WorkerDetails> => {
  const { storage, settings } = context;
  const id = workerId.toLowerCase();
  const sheet = isUuid(id)
    ? await storage.workerDetails.find(id, settings.worker_timeout_threshold)
    : undefined;
  if (sheet === undefined) throw workerNotFound();
  const details = await toWorkerDetails(context, caller, sheet);
  const isOwn = caller.actor.isAdmin || (await context.owners.of(id)) === caller.actor.id;
  if (!isOwn && details.jobs.length === 0) throw forbidden("worker-read");
  return details;
};
