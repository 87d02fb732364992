import { type JobAddress, Problem, parseJobName } from "../../../protocol/index.ts";

export const jobNotFound = (jobName: string, roomId: string): Problem =>
  new Problem("job-not-found", `Job ${jobName} not found in room ${roomId}.`);

/**
 * Resolves the name of a job in a room. Throws a 400 if the name is invalid, and a 404 if the job is not
 * visible in the room.
 */
export const resolveJobName = (jobName: string, roomId: string): JobAddress => {
  const parsed = parseJobName(jobName, roomId);
  if (parsed.kind === "invalid") {
    throw new Problem(
      "invalid-job-name",
      "Use a job name of the form <prefix>:<category>:<name>, for example public:modifiers:Rotate.",
    );
  }
  if (parsed.kind === "hidden") throw jobNotFound(jobName, roomId);
  return parsed.address;
};
