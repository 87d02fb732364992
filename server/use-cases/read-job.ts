import type { Job } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";
import { toWireJob } from "./wire.ts";

/** One job, by the name that it has in the room. */
export const readJob = async (
  { storage, settings }: Pick<Context, "storage" | "settings">,
  roomId: string,
  jobName: string,
): Promise<Job> => {
  const job = await storage.jobs.find(resolveJobName(jobName, roomId), settings.worker_timeout_threshold);
  if (job === undefined) throw jobNotFound(jobName, roomId);
  return toWireJob(settings, job);
};
