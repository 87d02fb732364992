import type { Task } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import type { TaskRecord } from "../storage/storage.ts";
import { deadlineOf, type Hold, pauseMilliseconds } from "./hold.ts";
import { type Outcome, taskChanged, workAvailable } from "./outcome.ts";
import { ParkedClaim } from "./parked-claims.ts";
import { wireTask } from "./wire.ts";
import { workerNotFound } from "./worker-owners.ts";

/**
 * Beyond 250 waiting claims each of them reads less often, for the pulse of the process looks for what they wait for:
 * a thousand idle workers cost 67 reads a second, no longer 200.
 */
const READS_PER_SECOND = 50;

/** A worker asks for tasks. */
export interface ClaimWish {
  readonly workerId: string;
  readonly limit: number;
  readonly start: boolean;
}

/** The tasks as they are answered, and how to give them back when the answer cannot be delivered. */
export interface Claimed {
  readonly tasks: Task[];
  readonly records: readonly TaskRecord[];
}

const claimNow = async (
  { storage, owners }: Context,
  { workerId, limit, start }: ClaimWish,
  hold: Hold,
): Promise<readonly TaskRecord[]> => {
  const records = await storage.tasks.claim(workerId, limit, start, () => hold.isClientGone);
  if (records !== undefined) return records;
  owners.forget(workerId);
  throw workerNotFound();
};

/** A claim is a sign of life, so a waiting one reads at least four times within the threshold. */
const pauseOf = ({ bus, parked, settings }: Context): number => {
  const seconds = Math.max(5, parked.size / READS_PER_SECOND);
  const pulse = bus.state === "down" ? 5000 : pauseMilliseconds(bus, seconds);
  return Math.min(pulse, (settings.worker_timeout_threshold / 4) * 1000);
};

/** Whoever else waits for these jobs is woken for what is left; the answer does not wait for it. */
const passOn = ({ parked, log }: Context, jobIds: readonly string[]): void => {
  parked.passOn(jobIds).catch((error: unknown) => {
    log.warn({ err: error }, "waiting claims could not be woken for what is left");
  });
};

const waitForTasks = async (
  context: Context,
  wish: ClaimWish,
  hold: Hold,
): Promise<readonly TaskRecord[]> => {
  const { parked, storage } = context;
  const deadline = deadlineOf(hold);
  const claim = new ParkedClaim(wish.workerId, wish.limit);
  try {
    for (;;) {
      // Listen first, then read, then wait: what comes in between rings the bell.
      claim.silence();
      await parked.park(claim, await storage.workers.jobIds(wish.workerId));
      const records = await claimNow(context, wish, hold);
      if (records.length > 0) {
        // Of all its jobs: the ring may have been for another one than that of the task it took.
        passOn(context, claim.jobIds);
        return records;
      }
      const left = deadline - performance.now();
      if (left <= 0 || hold.signal.aborted) return [];
      await claim.wait(Math.min(left, pauseOf(context)), hold.signal);
      if (hold.signal.aborted) return [];
    }
  } finally {
    parked.unpark(claim);
  }
};

/** The worker's next tasks; waits for them where the caller asked for it. */
export const claimTasks = async (
  context: Context,
  caller: Caller,
  { wish, hold }: { readonly wish: ClaimWish; readonly hold: Hold },
): Promise<Outcome<Claimed>> => {
  await context.owners.require(caller, wish.workerId);
  const own = { ...wish, workerId: wish.workerId.toLowerCase() };
  const now = await claimNow(context, own, hold);
  if (now.length > 0) passOn(context, [...new Set(now.map(({ jobId }) => jobId))]);
  const records = now.length > 0 || hold.seconds === 0 ? now : await waitForTasks(context, own, hold);
  context.meter.claimed(records.length);
  return {
    value: { tasks: records.map((record) => wireTask(context.settings, record)), records },
    events: records.map((record) => taskChanged(record)),
  };
};

/** Puts back what was claimed for a client that is gone: the claim costs nothing, and the next worker is woken. */
export const putBackClaims = async (
  { storage }: Pick<Context, "storage">,
  records: readonly TaskRecord[],
): Promise<Outcome<number>> => {
  const claims = records.map(({ task }) => ({ id: task.id, attempt: task.attempt }));
  const returned = await storage.tasks.unclaim(claims);
  return {
    value: returned.length,
    events: [...returned.map((record) => taskChanged(record)), ...workAvailable(returned)],
  };
};
