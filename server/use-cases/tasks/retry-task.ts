import { Problem } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { parseSerialized } from "../../raw-json.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { createRequeueEvents, publish } from "../events.ts";
import { findPayloadErrors, validationError } from "../jobs/schema-checks.ts";
import { findSubmittedTask, invalidTransition, tooManyChanges } from "./find-task.ts";

const MAX_TRIES = 3;

/** Retries a task. Throws a 422 if its payload no longer matches the schema of its job. */
export async function retryTask(context: Context, caller: Caller, taskId: string): Promise<WireTask> {
  const { storage, settings, meter } = context;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const record = await findSubmittedTask(context, caller, taskId);
    const { status, payload } = record.task;
    if (status !== "failed" && status !== "cancelled") {
      const detail = `The task is ${status}. Only failed and cancelled tasks can be retried.`;
      throw invalidTransition(record, "pending", detail);
    }
    const job = await storage.jobs.findWithoutCounts(record.job);
    if (job === undefined) throw jobGone();
    const errors = await findPayloadErrors(context, job, parseSerialized(payload), caller.actor.id);
    if (errors.length > 0)
      throw validationError("The task's payload is no longer valid against the schema of its job.", errors);
    const [after] = await storage.tasks.retry([taskId]);
    if (after !== undefined) {
      meter.retried(1);
      publish(context, createRequeueEvents([after]));
      return toWireTask(settings, after);
    }
    if (job.id !== record.jobId) throw jobGone();
  }
  throw tooManyChanges("task");
}

function jobGone(): Problem {
  return new Problem(
    "job-not-found",
    "The task's job is no longer registered. Start a worker that registers it, then retry.",
  );
}
