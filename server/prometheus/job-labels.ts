import { LRUCache } from "lru-cache";
import { formatJobName, GLOBAL_ROOM, type JobAddress } from "../../protocol/index.ts";

/**
 * The label of all jobs that are not public, because any user can choose their names, and of public
 * jobs beyond `MAX_JOBS`.
 */
export const OTHER_JOBS = "other";
/** Maximum number of jobs with their own label, each with about 30 permanent time series. */
const MAX_JOBS = 50;
const MAX_IDS = 1_000;

export interface TaskJob {
  readonly jobId: string;
  readonly job: JobAddress;
}

/**
 * Maps jobs to values of the label `job_name`. Only public jobs (in `@global`) have
 * their own value, because only admins can choose their names. The label is not called `job`, because
 * Prometheus sets that label itself.
 */
export class JobLabels {
  readonly #labels = new Set<string>();
  readonly #labelsById = new LRUCache<string, string>({ max: MAX_IDS });

  get({ jobId, job }: TaskJob): string {
    const known = this.#labelsById.get(jobId);
    if (known !== undefined) return known;
    if (job.roomId !== GLOBAL_ROOM) return OTHER_JOBS;
    const label = this.getGlobal(job);
    this.#labelsById.set(jobId, label);
    return label;
  }

  /** Returns `other` unless `get` was called before for a task of the job. */
  getById(jobId: string): string {
    return this.#labelsById.get(jobId) ?? OTHER_JOBS;
  }

  getGlobal(job: Pick<JobAddress, "category" | "name">): string {
    const label = formatJobName({ ...job, roomId: GLOBAL_ROOM });
    if (this.#labels.size < MAX_JOBS) this.#labels.add(label);
    return this.#labels.has(label) ? label : OTHER_JOBS;
  }
}
