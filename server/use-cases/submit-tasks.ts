import {
  type FieldError,
  type JobAddress,
  Problem,
  type SubmittedTask,
  type TaskSubmission,
} from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import type { InsertOutcome, NewTask, RegisteredJob } from "../storage/storage.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";
import { type Outcome, taskChanged, workAvailable } from "./outcome.ts";
import { payloadFaults, validationError } from "./schema-checks.ts";
import { optionFaults, taskOptions } from "./task-options.ts";
import { wireTask } from "./wire.ts";

/** How often a job may change under a submit before it is told to come again. */
const MAX_TRIES = 5;

/** One task of a request, and where it stands in the body. */
export interface Submission {
  readonly jobName: string;
  readonly options: TaskSubmission;
  /** The JSON Pointer to it: empty where it is the whole body. */
  readonly pointer: string;
  readonly idempotency?: NewTask["idempotency"];
}

/** What a submit came to: new tasks, or the one that the idempotency key stands for. */
export interface Submitted {
  readonly isReplay: boolean;
  readonly tasks: SubmittedTask[];
}

const sameAddress = (a: JobAddress, b: JobAddress) =>
  a.roomId === b.roomId && a.category === b.category && a.name === b.name;

const findJobs = async ({ storage }: Context, addresses: readonly JobAddress[]): Promise<RegisteredJob[]> => {
  const distinct = addresses.filter(
    (one, index) => addresses.findIndex((other) => sameAddress(one, other)) === index,
  );
  const jobs = await Promise.all(distinct.map((address) => storage.jobs.peek(address)));
  return jobs.flatMap((job) => (job === undefined ? [] : [job]));
};

const requireWorkers = async (
  { storage, settings }: Context,
  jobs: readonly RegisteredJob[],
): Promise<void> => {
  if (!settings.require_workers) return;
  for (const job of jobs) {
    const found = await storage.jobs.find(job, settings.worker_timeout_threshold);
    if (found !== undefined && found.workers.length > 0) continue;
    throw new Problem("no-workers-available", `No worker is there for ${job.category}:${job.name}.`);
  }
};

const toInsert = async (
  context: Context,
  { roomId, caller }: { readonly roomId: string; readonly caller: Caller },
  submissions: readonly (Submission & { readonly address: JobAddress })[],
): Promise<{ tasks: NewTask[]; jobs: RegisteredJob[] }> => {
  const jobs = await findJobs(
    context,
    submissions.map(({ address }) => address),
  );
  const faults: FieldError[] = [];
  const tasks: NewTask[] = [];
  for (const { address, options, pointer, idempotency } of submissions) {
    const job = jobs.find((candidate) => sameAddress(candidate, address));
    if (job === undefined) throw jobNotFound();
    const payload = options.payload ?? {};
    faults.push(...optionFaults(options, pointer));
    faults.push(...(await payloadFaults(context, job, { payload, prefix: `${pointer}/payload` })));
    tasks.push({
      id: context.newId(),
      jobId: job.id,
      schemaHash: job.schemaHash,
      roomId,
      createdById: caller.actor.id,
      payload,
      ...taskOptions(options, job.defaults),
      idempotency: idempotency ?? null,
    });
  }
  if (faults.length > 0) throw validationError("The task does not fit its job.", faults.slice(0, 100));
  return { tasks, jobs };
};

/** The answer of an insert that came to something. */
export const submitted = (
  context: Context,
  outcome: Exclude<InsertOutcome, { kind: "job-changed" }>,
): Outcome<Submitted> => {
  if (outcome.kind === "replayed") {
    if (!outcome.sameRequest) {
      throw new Problem(
        "idempotency-conflict",
        "This Idempotency-Key was used in this room for another job or body.",
      );
    }
    const task = { ...wireTask(context.settings, outcome.record), workers_online: outcome.workersOnline };
    return { value: { isReplay: true, tasks: [task] }, events: [] };
  }
  const tasks = outcome.records.map((record) => ({
    ...wireTask(context.settings, record),
    workers_online: outcome.workersOnline.get(record.jobId) ?? 0,
  }));
  // One of them is enough for the room's lists: whoever listens reads the whole list again.
  const events = [
    ...outcome.records.slice(0, 1).map((record) => taskChanged(record)),
    ...workAvailable(outcome.records),
  ];
  return { value: { isReplay: false, tasks }, events };
};

/** Submits tasks to jobs that are seen from a room, all or none. */
export const submitTasks = async (
  context: Context,
  caller: Caller,
  { roomId, submissions }: { readonly roomId: string; readonly submissions: readonly Submission[] },
): Promise<Outcome<Submitted>> => {
  const addressed = submissions.map((one) => ({ ...one, address: resolveJobName(one.jobName, roomId) }));
  const aliveWithinSeconds = context.settings.worker_timeout_threshold;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { tasks, jobs } = await toInsert(context, { roomId, caller }, addressed);
    await requireWorkers(context, jobs);
    const outcome = await context.storage.tasks.insert(tasks, { aliveWithinSeconds });
    if (outcome.kind !== "job-changed") return submitted(context, outcome);
  }
  throw new Problem("service-unavailable", "The job keeps changing; try again.", { retryAfter: 1 });
};
