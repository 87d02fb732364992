/** The last part of a job's full name. */
export const shortName = (job: string): string => job.slice(job.lastIndexOf(":") + 1);
