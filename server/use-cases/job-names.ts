import { type JobAddress, Problem, parseJobName } from "../../protocol/index.ts";

/** The 404 of a job. */
export const jobNotFound = (jobName: string, roomId: string): Problem =>
  new Problem("job-not-found", `There is no job ${jobName} that room ${roomId} sees.`);

/** Which job a name means in a room: 400 for what is no name, 404 for what is not seen from there. */
export const resolveJobName = (jobName: string, roomId: string): JobAddress => {
  const parsed = parseJobName(jobName, roomId);
  if (parsed.kind === "invalid") {
    throw new Problem(
      "invalid-job-name",
      "A job's name is <prefix>:<category>:<name>, like public:modifiers:Rotate.",
    );
  }
  if (parsed.kind === "hidden") throw jobNotFound(jobName, roomId);
  return parsed.address;
};
