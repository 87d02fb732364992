import type { Job } from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import { toWireJob } from "../../wire.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";

/** Returns a job by its name in a room. Throws a 404 if it is not registered. */
export const readJob = async (
  { storage, settings }: Pick<Context, "storage" | "settings">,
  roomId: string,
  jobName: string,
): Promise<Job> => {
  const job = await storage.jobs.find(resolveJobName(jobName, roomId), settings.worker_timeout_threshold);
  if (job === undefined) throw jobNotFound(jobName, roomId);
  return toWireJob(settings, job);
};
