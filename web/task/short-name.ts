/** Returns the last part of a job's full name. */
export const getShortName = (job: string): string => job.slice(job.lastIndexOf(":") + 1);
