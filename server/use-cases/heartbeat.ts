import { getWorkerChannel, type HeartbeatResponse } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import type { HeartbeatOutcome } from "../storage/storage.ts";
import { getHeartbeatSeconds } from "./create-worker.ts";
import { createRequeueEvents, publishEvents } from "./events.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "./long-poll.ts";
import { workerNotFound } from "./worker-owners.ts";

/** A sign of life, and what the worker believes it holds. */
export interface HeartbeatInput {
  readonly workerId: string;
  readonly tasks: readonly string[] | undefined;
  /** The worker knows that it drains: that is no news to it. */
  readonly knowsOfDrain: boolean;
  readonly hold: LongPoll;
}

const beat = async (
  { storage, owners }: Context,
  { workerId, tasks }: HeartbeatInput,
  graceSeconds: number,
) => {
  const outcome = await storage.workers.heartbeat(workerId, tasks, graceSeconds);
  if (outcome !== undefined) return outcome;
  owners.forget(workerId);
  throw workerNotFound();
};

/** There is something that the worker does not know yet. */
const isNews = ({ stop, isDraining }: HeartbeatOutcome, { knowsOfDrain }: HeartbeatInput): boolean =>
  stop.length > 0 || (isDraining && !knowsOfDrain);

/** Reads again with the list as it was sent: nothing that was claimed since is taken for never received. */
const waitForStop = async (
  context: Context,
  wish: HeartbeatInput,
  first: HeartbeatOutcome,
): Promise<HeartbeatOutcome> => {
  const { bus, settings } = context;
  const deadline = getDeadline(wish.hold);
  const bell = new WakeSignal();
  const unsubscribe = await bus.subscribe(getWorkerChannel(wish.workerId), bell.notify);
  try {
    for (let latest = first; ; ) {
      bell.reset();
      latest = await beat(context, wish, Number.POSITIVE_INFINITY);
      const left = deadline - performance.now();
      if (isNews(latest, wish) || left <= 0 || wish.hold.signal.aborted) return latest;
      const pause = Math.min(getPollInterval(bus), settings.worker_timeout_threshold * 250);
      await bell.wait(Math.min(left, pause), wish.hold.signal);
      // Nobody is alive on a connection that is gone: no further sign of life.
      if (wish.hold.isClientGone) return latest;
    }
  } finally {
    unsubscribe();
  }
};

/** A sign of life, answered with the tasks to let go of: at once, or as soon as there are any. */
export const heartbeat = async (
  context: Context,
  caller: Caller,
  wish: HeartbeatInput,
): Promise<HeartbeatResponse> => {
  await context.owners.require(caller, wish.workerId);
  const own = { ...wish, workerId: wish.workerId.toLowerCase() };
  const first = await beat(context, own, context.settings.claim_grace_seconds);
  // Told before the wait, not after it: others can take what was put back.
  context.meter.transitioned(first.changed, "lost");
  publishEvents(context, { value: first, events: createRequeueEvents(first.changed) });
  const isWaiting = !isNews(first, own) && own.hold.seconds > 0;
  const outcome = isWaiting ? await waitForStop(context, own, first) : first;
  return {
    id: own.workerId,
    last_heartbeat: outcome.lastHeartbeat,
    heartbeat_seconds: getHeartbeatSeconds(context.settings),
    stop: outcome.stop.map(({ taskId, reason }) => ({ task_id: taskId, reason })),
    ...(outcome.isDraining && { draining: true }),
  };
};
