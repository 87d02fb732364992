import { getWorkerChannel, type HeartbeatResponse } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { HeartbeatOutcome } from "../../records.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "../../state/long-poll.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { createRequeueEvents, publish } from "../events.ts";
import { getHeartbeatSeconds } from "./worker-lifecycle.ts";

/** A heartbeat of a worker, with the tasks whose leases the worker believes it has. */
export interface HeartbeatInput {
  readonly workerId: string;
  readonly tasks: readonly string[] | undefined;
  /** True if the worker already knows that it is draining. Draining then does not end the long poll. */
  readonly knowsDraining: boolean;
  readonly longPoll: LongPoll;
}

const recordHeartbeat = async (
  { storage, owners }: Context,
  { workerId, tasks }: HeartbeatInput,
  graceSeconds: number,
) => {
  const outcome = await storage.workers.heartbeat(workerId, tasks, graceSeconds);
  if (outcome !== undefined) return outcome;
  owners.forget(workerId);
  throw workerNotFound();
};

/** Returns true if the response contains something that the worker does not know yet. */
const hasNewInformation = (
  { stop, isDraining }: HeartbeatOutcome,
  { knowsDraining }: HeartbeatInput,
): boolean => stop.length > 0 || (isDraining && !knowsDraining);

/**
 * Repeats the heartbeat with the original list of tasks until there is something to report. The list does not
 * contain tasks that were claimed after it was sent, and these must not be requeued as undelivered, so the
 * grace period is infinite.
 */
const waitForInformation = async (
  context: Context,
  input: HeartbeatInput,
  first: HeartbeatOutcome,
): Promise<HeartbeatOutcome> => {
  const { bus, settings } = context;
  const { longPoll } = input;
  const deadline = getDeadline(longPoll);
  const wakeSignal = new WakeSignal();
  const unsubscribe = await bus.subscribe(getWorkerChannel(input.workerId), wakeSignal.notify);
  try {
    for (let latest = first; ; ) {
      wakeSignal.reset();
      latest = await recordHeartbeat(context, input, Number.POSITIVE_INFINITY);
      const left = deadline - performance.now();
      if (hasNewInformation(latest, input) || left <= 0 || longPoll.signal.aborted) return latest;
      const interval = Math.min(getPollInterval(bus), settings.worker_timeout_threshold * 250);
      await wakeSignal.wait(Math.min(left, interval), longPoll.signal);
      // A closed connection does not prove that the worker is alive, so no further heartbeat is recorded.
      if (longPoll.isClientGone) return latest;
    }
  } finally {
    unsubscribe();
  }
};

/**
 * Records a heartbeat. Returns the tasks that the worker must stop, either immediately or as soon as there
 * are any.
 */
export const heartbeat = async (
  context: Context,
  caller: Caller,
  input: HeartbeatInput,
): Promise<HeartbeatResponse> => {
  await context.owners.requireOwner(caller, input.workerId);
  const normalized = { ...input, workerId: input.workerId.toLowerCase() };
  const first = await recordHeartbeat(context, normalized, context.settings.claim_grace_seconds);
  // The events are published before the wait, so that other workers can claim the requeued tasks immediately.
  context.meter.transitioned(first.changed, "lost");
  publish(context, createRequeueEvents(first.changed));
  const canWait = !hasNewInformation(first, normalized) && normalized.longPoll.seconds > 0;
  const outcome = canWait ? await waitForInformation(context, normalized, first) : first;
  return {
    id: normalized.workerId,
    last_heartbeat: outcome.lastHeartbeat,
    heartbeat_seconds: getHeartbeatSeconds(context.settings),
    stop: outcome.stop.map(({ taskId, reason }) => ({ task_id: taskId, reason })),
    ...(outcome.isDraining && { draining: true }),
  };
};
