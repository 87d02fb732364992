import { getWorkerChannel, type HeartbeatResponse } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { HeartbeatOutcome } from "../../records.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "../../state/long-poll.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { createRequeueEvents, publish } from "../events.ts";
import { getHeartbeatSeconds } from "./worker-lifecycle.ts";

/** A heartbeat of a worker, with the tasks whose leases the worker believes it has. */
interface HeartbeatInput {
  readonly workerId: string;
  readonly tasks: readonly string[] | undefined;
  /** If true, draining does not end the long poll, because the worker knows that it is draining. */
  readonly knowsDraining: boolean;
  readonly longPoll: LongPoll;
}

/** Records a heartbeat. Returns the tasks to stop; with a long poll, waits for them. */
export async function heartbeat(
  context: Context,
  caller: Caller,
  request: HeartbeatInput,
): Promise<HeartbeatResponse> {
  const { settings, meter, owners } = context;
  await owners.requireOwner(caller, request.workerId);
  const input = { ...request, workerId: request.workerId.toLowerCase() };
  let outcome = await recordHeartbeat(context, input, settings.claim_grace_seconds);
  // The events are published before a long poll waits, so that other workers can claim the requeued
  // tasks immediately.
  meter.transitioned(outcome.changed, "lost");
  publish(context, createRequeueEvents(outcome.changed));
  if (!hasNewInformation(outcome, input) && input.longPoll.seconds > 0)
    outcome = await waitForInformation(context, input);
  return {
    id: input.workerId,
    last_heartbeat: outcome.lastHeartbeat,
    heartbeat_seconds: getHeartbeatSeconds(settings),
    stop: outcome.stop.map(({ taskId, reason }) => ({ task_id: taskId, reason })),
    ...(outcome.isDraining && { draining: true }),
  };
}

async function recordHeartbeat(
  { storage, owners }: Context,
  { workerId, tasks }: HeartbeatInput,
  graceSeconds: number,
): Promise<HeartbeatOutcome> {
  const outcome = await storage.queue.heartbeat(workerId, tasks, graceSeconds);
  if (outcome !== undefined) return outcome;
  owners.forget(workerId);
  throw workerNotFound();
}

/** Returns true if the response contains something that the worker does not know yet. */
function hasNewInformation(
  { stop, isDraining }: HeartbeatOutcome,
  { knowsDraining }: HeartbeatInput,
): boolean {
  return stop.length > 0 || (isDraining && !knowsDraining);
}

/**
 * Repeats the heartbeat with the original list of tasks until there is something to report. The
 * list does not contain tasks that were claimed after it was sent, and these must not be requeued
 * as undelivered, so the grace period is infinite.
 */
async function waitForInformation(context: Context, input: HeartbeatInput): Promise<HeartbeatOutcome> {
  const { bus, settings } = context;
  const { longPoll } = input;
  const deadline = getDeadline(longPoll);
  const wakeSignal = new WakeSignal();
  const unsubscribe = await bus.subscribe(getWorkerChannel(input.workerId), wakeSignal.notify);
  try {
    for (;;) {
      wakeSignal.reset();
      const outcome = await recordHeartbeat(context, input, Number.POSITIVE_INFINITY);
      const left = deadline - performance.now();
      if (hasNewInformation(outcome, input) || left <= 0 || longPoll.signal.aborted) return outcome;
      const interval = Math.min(getPollInterval(bus), settings.worker_timeout_seconds * 250);
      await wakeSignal.wait(Math.min(left, interval), longPoll.signal);
      // A closed connection does not prove that the worker is alive, so no further heartbeat is
      // recorded.
      if (longPoll.isClientGone) return outcome;
    }
  } finally {
    unsubscribe();
  }
}
