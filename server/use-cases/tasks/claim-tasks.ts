import { formatJobName, type Task } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { Serialized } from "../../raw-json.ts";
import type { ClaimedTaskRecord } from "../../records.ts";
import { getDeadline, getPollInterval, type LongPoll } from "../../state/long-poll.ts";
import { WaitingClaim } from "../../state/waiting-claim.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { createRequeueEvents, createTaskChangedEvent, publish } from "../events.ts";

/**
 * Target number of claim statements per second by all waiting claims together. A waiting claim
 * tries to claim every 5 s. If more than 250 claims wait, each tries less often, because
 * `WaitingClaims` looks for due tasks on behalf of all claims. However, each claim tries at least
 * four times within `worker_timeout_seconds`. With the default of 60 s, 1,000 idle workers cause 67
 * statements per second instead of 200.
 */
const MAX_TRIES_PER_SECOND = 50;

export interface ClaimInput {
  readonly workerId: string;
  readonly limit: number;
  /** True if the claim also starts the tasks. */
  readonly start: boolean;
}

/**
 * The tasks for the response, and their records. If the client has disconnected, the tasks are
 * requeued by their records.
 */
export interface ClaimTasksResult {
  readonly tasks: (WireTask | Serialized<Task>)[];
  readonly records: readonly ClaimedTaskRecord[];
  /** True if the worker got no tasks because it is draining. */
  readonly isDraining: boolean;
}

/**
 * Claimed tasks, and the jobs that may have more due tasks (default: the jobs of the claimed
 * tasks).
 */
interface ClaimedTasks {
  readonly records: readonly ClaimedTaskRecord[];
  readonly jobIds?: readonly string[];
}

/** Claims up to `limit` tasks for a worker. With a long poll, waits for the first task. */
export async function claimTasks(
  context: Context,
  caller: Caller,
  { input, longPoll }: { readonly input: ClaimInput; readonly longPoll: LongPoll },
): Promise<ClaimTasksResult> {
  await context.owners.requireOwner(caller, input.workerId);
  const claim = { ...input, workerId: input.workerId.toLowerCase() };
  const { records, jobIds }: ClaimedTasks =
    longPoll.seconds > 0
      ? await waitForTasks(context, claim, longPoll)
      : { records: await claimDueTasks(context, claim, longPoll) };
  // A claim that got fewer tasks than its limit has left no due tasks.
  if (records.length >= claim.limit) wakeOthers(context, jobIds ?? records.map(({ jobId }) => jobId));
  context.meter.claimed(records);
  publish(
    context,
    records.map(({ summary }) => createTaskChangedEvent({ task: summary })),
  );
  const { job_name_style } = context.settings;
  return {
    tasks: records.map((record) => record.toTask(formatJobName(record.job, job_name_style))),
    records,
    isDraining: records.length === 0 && (await isDraining(context, claim)),
  };
}

async function waitForTasks(context: Context, input: ClaimInput, longPoll: LongPoll): Promise<ClaimedTasks> {
  const { waitingClaims, storage } = context;
  const deadline = getDeadline(longPoll);
  const claim = new WaitingClaim(input);
  try {
    for (;;) {
      const wasNotified = claim.isNotified;
      // The order is important: subscribe, read, wait. The claim remembers events between the read
      // and the wait.
      claim.reset();
      const jobs = await storage.queue.getLinkedJobs(input.workerId);
      const jobIds = jobs.ids;
      await waitingClaims.add(claim, jobs);
      const records = await claimDueTasks(context, input, longPoll);
      if (wasNotified) context.meter.claimWoken(records.length > 0 ? "tasks" : "nothing");
      // The claim may have been woken for any of its jobs, so other claims are woken for all of
      // these jobs.
      if (records.length > 0) return { records, jobIds };
      // If the worker's jobs changed during the claim, the loop first subscribes to the channels of
      // the new jobs.
      if ((await storage.queue.getLinkedJobs(input.workerId)).key !== jobs.key) continue;
      const left = deadline - performance.now();
      if (left <= 0 || longPoll.signal.aborted || (await isDraining(context, input)))
        return { records, jobIds };
      await claim.wait(Math.min(left, getRetryInterval(context)), longPoll.signal);
      const assigned = await claim.takeAssignment();
      // A direct assignment requires that no other task was due for this worker, so no other claim
      // has to be woken.
      if (assigned !== undefined) return { records: [assigned], jobIds: [] };
      if (longPoll.signal.aborted) return { records, jobIds };
    }
  } finally {
    waitingClaims.remove(claim);
  }
}

async function claimDueTasks(
  { storage, owners }: Context,
  { workerId, limit, start }: ClaimInput,
  longPoll: LongPoll,
): Promise<readonly ClaimedTaskRecord[]> {
  const records = await storage.queue.claim(workerId, limit, start, () => longPoll.isClientGone);
  if (records !== undefined) return records;
  owners.forget(workerId);
  throw workerNotFound();
}

/**
 * Returns the milliseconds until a waiting claim tries again: at most a quarter of
 * `worker_timeout_seconds`, so that the tries, which count as heartbeats, keep an idle worker
 * alive.
 */
function getRetryInterval({ bus, waitingClaims, settings }: Context): number {
  const seconds = Math.max(5, waitingClaims.size / MAX_TRIES_PER_SECOND);
  const interval = bus.state === "down" ? 5000 : getPollInterval(bus, seconds);
  return Math.min(interval, (settings.worker_timeout_seconds / 4) * 1000);
}

/**
 * Returns true if the worker is draining. Reads the worker only if it has no jobs, because draining
 * removes the links to jobs.
 */
async function isDraining({ storage }: Context, { workerId }: ClaimInput): Promise<boolean> {
  const { ids } = await storage.queue.getLinkedJobs(workerId);
  return ids.length === 0 && (await storage.workers.find(workerId))?.isDraining === true;
}

/** Wakes other waiting claims, because due tasks may remain. Does not delay the response. */
function wakeOthers({ waitingClaims, log }: Context, jobIds: readonly string[]): void {
  waitingClaims.wakeOthers(jobIds).catch((error: unknown) => {
    log.warn({ err: error }, "failed to wake waiting claims for the remaining tasks");
  });
}

/** Requeues claimed tasks that the worker has not started, and returns their ids. */
export async function releaseTasks(
  context: Context,
  caller: Caller,
  { workerId, tasks }: { readonly workerId: string; readonly tasks: readonly string[] },
): Promise<string[]> {
  const { storage, owners, meter } = context;
  await owners.requireOwner(caller, workerId);
  const records = await storage.queue.release(workerId.toLowerCase(), tasks);
  meter.transitioned(records, "reported");
  publish(context, createRequeueEvents(records));
  return records.map(({ task }) => task.id);
}

/**
 * Requeues the claims of a client that has disconnected. These claims do not count towards
 * `max_attempts`.
 */
export async function requeueClaims(context: Context, records: readonly ClaimedTaskRecord[]): Promise<void> {
  const claims = records.map(({ summary: { id, attempt } }) => ({ id, attempt }));
  const requeued = await context.storage.queue.unclaim(claims);
  context.meter.transitioned(requeued, "lost");
  publish(context, createRequeueEvents(requeued));
}
