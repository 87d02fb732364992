import {
  GLOBAL_ROOM,
  type Job,
  type JobAddress,
  type Page,
  type PageQuery,
  Problem,
  parseJobName,
} from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import type { RegisteredJob } from "../../records.ts";
import { toWireJob } from "../../wire.ts";

export async function readJob(context: Context, roomId: string, jobName: string): Promise<Job> {
  const { storage, settings } = context;
  const job = await storage.jobs.find(resolveJobName(jobName, roomId), settings.worker_timeout_seconds);
  if (job === undefined) throw jobNotFound(jobName, roomId);
  return toWireJob(settings, job);
}

/** Lists the jobs that are visible in a room: the jobs of the room and those of `@global`. */
export async function listJobs(context: Context, roomId: string, window: PageQuery): Promise<Page<Job>> {
  const { storage, settings } = context;
  const rooms = [...new Set([GLOBAL_ROOM, roomId])];
  const { items, total } = await storage.jobs.list(rooms, window, settings.worker_timeout_seconds);
  return { items: items.map((job) => toWireJob(settings, job)), total, ...window };
}

/** Returns a job without its counts. Throws a 404 if it is not registered. */
export async function findJob({ storage }: Context, roomId: string, jobName: string): Promise<RegisteredJob> {
  const job = await storage.jobs.findWithoutCounts(resolveJobName(jobName, roomId));
  if (job === undefined) throw jobNotFound(jobName, roomId);
  return job;
}

/** Throws a 400 if the name is invalid, and a 404 if the job is not visible in the room. */
export function resolveJobName(jobName: string, roomId: string): JobAddress {
  const parsed = parseJobName(jobName, roomId);
  if (parsed.kind === "invalid") {
    const detail =
      "The job name is invalid. Use <prefix>:<category>:<name>, for example public:modifiers:Rotate. The prefix is public, private or a room id.";
    throw new Problem("invalid-job-name", detail);
  }
  if (parsed.kind === "hidden") throw jobNotFound(jobName, roomId);
  return parsed.address;
}

export function jobNotFound(jobName: string, roomId: string): Problem {
  return new Problem("job-not-found", `Job ${jobName} not found in room ${roomId}.`);
}
