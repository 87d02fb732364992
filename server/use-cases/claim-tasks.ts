import { formatJobName, type Task } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import type { ClaimedTaskRecord } from "../storage/claimed-task-record.ts";
import { createTaskChangedEvent, createWorkAvailableEvents, type ResultWithEvents } from "./events.ts";
import { getDeadline, getPollInterval, type LongPoll } from "./long-poll.ts";
import { WaitingClaim } from "./waiting-claim.ts";
import { workerNotFound } from "./worker-owners.ts";

/**
 * Beyond 250 waiting claims each of them reads less often, for the pulse of the process looks for what they wait for:
 * a thousand idle workers cost 67 reads a second, no longer 200.
 */
const READS_PER_SECOND = 50;

/** A worker asks for tasks. */
export interface ClaimInput {
  readonly workerId: string;
  readonly limit: number;
  readonly start: boolean;
}

/** The tasks as they are answered, and how to give them back when the answer cannot be delivered. */
export interface ClaimTasksResult {
  readonly tasks: Task[];
  readonly records: readonly ClaimedTaskRecord[];
  /** The worker is given no task any more. */
  readonly isDraining: boolean;
}

const claimNow = async (
  { storage, owners }: Context,
  { workerId, limit, start }: ClaimInput,
  hold: LongPoll,
): Promise<readonly ClaimedTaskRecord[]> => {
  const records = await storage.tasks.claim(workerId, limit, start, () => hold.isClientGone);
  if (records !== undefined) return records;
  owners.forget(workerId);
  throw workerNotFound();
};

/** A claim is a sign of life, so a waiting one reads at least four times within the threshold. */
const pauseOf = ({ bus, waitingClaims, settings }: Context): number => {
  const seconds = Math.max(5, waitingClaims.size / READS_PER_SECOND);
  const pulse = bus.state === "down" ? 5000 : getPollInterval(bus, seconds);
  return Math.min(pulse, (settings.worker_timeout_threshold / 4) * 1000);
};

/**
 * Whoever else waits for these jobs is woken for what is left; the answer does not wait for it. A claim that got less
 * than it asked for left nothing.
 */
const passOn = ({ waitingClaims, log }: Context, { limit }: ClaimInput, { taken, jobIds }: Taken): void => {
  if (taken.length < limit) return;
  waitingClaims.wakeOthers(jobIds).catch((error: unknown) => {
    log.warn({ err: error }, "waiting claims could not be woken for what is left");
  });
};

/** True for a worker that is drained. Only one without jobs can be: all others are not asked about. */
const isDraining = async ({ storage }: Context, { workerId }: ClaimInput): Promise<boolean> =>
  (await storage.tasks.getLinkedJobIds(workerId)).length === 0 &&
  (await storage.workers.find(workerId))?.isDraining === true;

/** What a claim came to, and the jobs that may have more. */
interface Taken {
  readonly taken: readonly ClaimedTaskRecord[];
  readonly jobIds: readonly string[];
}

const waitForTasks = async (context: Context, wish: ClaimInput, hold: LongPoll): Promise<Taken> => {
  const { waitingClaims, storage } = context;
  const deadline = getDeadline(hold);
  const claim = new WaitingClaim(wish);
  try {
    for (;;) {
      const wasRung = claim.isNotified;
      // Listen first, then read, then wait: what comes in between rings the bell.
      claim.reset();
      const jobIds = await storage.tasks.getLinkedJobIds(wish.workerId);
      await waitingClaims.add(claim, jobIds);
      const taken = await claimNow(context, wish, hold);
      if (wasRung) context.meter.claimWoken(taken.length > 0 ? "tasks" : "nothing");
      // Of all its jobs: the ring may have been for another one than that of the task it took.
      if (taken.length > 0) return { taken, jobIds };
      // The claim saw other jobs than are listened to.
      if (jobIds !== (await storage.tasks.getLinkedJobIds(wish.workerId))) continue;
      const left = deadline - performance.now();
      if (left <= 0 || hold.signal.aborted || (await isDraining(context, wish))) return { taken, jobIds };
      await claim.wait(Math.min(left, pauseOf(context)), hold.signal);
      const given = await claim.taken();
      // Nothing else was due for it, so there is nothing to be passed on.
      if (given !== undefined) return { taken: [given], jobIds: [] };
      if (hold.signal.aborted) return { taken, jobIds };
    }
  } finally {
    waitingClaims.remove(claim);
  }
};

const takeNow = async (context: Context, wish: ClaimInput, hold: LongPoll): Promise<Taken> => {
  const taken = await claimNow(context, wish, hold);
  return { taken, jobIds: [...new Set(taken.map(({ jobId }) => jobId))] };
};

/** The worker's next tasks; waits for them where the caller asked for it. */
export const claimTasks = async (
  context: Context,
  caller: Caller,
  { wish, hold }: { readonly wish: ClaimInput; readonly hold: LongPoll },
): Promise<ResultWithEvents<ClaimTasksResult>> => {
  await context.owners.require(caller, wish.workerId);
  const own = { ...wish, workerId: wish.workerId.toLowerCase() };
  const got = await (hold.seconds > 0 ? waitForTasks : takeNow)(context, own, hold);
  const records = got.taken;
  const { job_name_style } = context.settings;
  if (records.length > 0) passOn(context, own, got);
  context.meter.claimed(records);
  return {
    value: {
      tasks: records.map((record) => record.wire(formatJobName(record.job, job_name_style))),
      records,
      isDraining: records.length === 0 && (await isDraining(context, own)),
    },
    events: records.map(({ summary: brief }) => createTaskChangedEvent({ task: brief })),
  };
};

/** Puts back what was claimed for a client that is gone: the claim costs nothing, and the next worker is woken. */
export const requeueClaims = async (
  { storage, meter }: Pick<Context, "storage" | "meter">,
  records: readonly ClaimedTaskRecord[],
): Promise<ResultWithEvents<number>> => {
  const claims = records.map(({ summary: { id, attempt } }) => ({ id, attempt }));
  const returned = await storage.tasks.unclaim(claims);
  meter.transitioned(returned, "lost");
  return {
    value: returned.length,
    events: [
      ...returned.map((record) => createTaskChangedEvent(record)),
      ...createWorkAvailableEvents(returned),
    ],
  };
};
