import { formatJobName, GLOBAL_ROOM, type JobAddress } from "../../protocol/index.ts";

/** What stands for every job that is not named: those of rooms, whose names are strangers', and what is too many. */
export const OTHER_JOBS = "other";
/** Each is some thirty series, and they never go. */
const MOST = 50;
/** A job that is removed and comes again has another id. */
const MOST_IDS = 1_000;

/** A task's job. */
export interface TaskJob {
  readonly jobId: string;
  readonly job: JobAddress;
}

/**
 * The value of the label `job_name`: global jobs, whose names are an admin's, up to a number. Not `job`: that label is
 * Prometheus's own.
 */
export class JobLabels {
  readonly #known = new Set<string>();
  readonly #byId = new Map<string, string>();

  of({ jobId, job }: TaskJob): string {
    return this.#byId.get(jobId) ?? this.#learn(jobId, job);
  }

  /** Of a job of which nothing but the id is told; known here from the first claim or end of a task of it. */
  ofId(jobId: string): string {
    return this.#byId.get(jobId) ?? OTHER_JOBS;
  }

  /** Of a global job. */
  named(job: Pick<JobAddress, "category" | "name">): string {
    const label = formatJobName({ ...job, roomId: GLOBAL_ROOM });
    if (this.#known.size < MOST) this.#known.add(label);
    return this.#known.has(label) ? label : OTHER_JOBS;
  }

  #learn(jobId: string, job: JobAddress): string {
    if (job.roomId !== GLOBAL_ROOM) return OTHER_JOBS;
    if (this.#byId.size >= MOST_IDS) this.#byId.clear();
    const label = this.named(job);
    this.#byId.set(jobId, label);
    return label;
  }
}
