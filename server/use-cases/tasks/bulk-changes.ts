import {
  type BulkOutcome,
  type BulkRequest,
  getOrigins,
  MAX_COUNTED,
  MAX_TASKS_PER_BULK,
  type TaskStatus,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { parseSerialized } from "../../raw-json.ts";
import type { RegisteredJob } from "../../records.ts";
import { createRequeueEvents, createTaskChangedEvent, emitTaskEnd, publish } from "../events.ts";
import { findPayloadErrors } from "../jobs/schema-checks.ts";
import { resolveTaskFilter, unknownCursor } from "./list-tasks.ts";

/** Number of tasks per batch. The events of a batch are published before the next batch. */
const BATCH_SIZE = 100;

type BulkChangeInput = BulkRequest & { readonly roomId: string };

/**
 * A change of many tasks: the statuses in which it is allowed, and a function that applies it and
 * returns the number of changed tasks.
 */
interface BulkChange {
  readonly from: readonly TaskStatus[];
  readonly apply: (context: Context, ids: readonly string[]) => Promise<number>;
}

/** Cancels matching tasks. Skips the tasks of other users, unless the caller is an admin. */
export function cancelTasks(context: Context, caller: Caller, input: BulkChangeInput): Promise<BulkOutcome> {
  return changeTasks(context, caller, input, { from: getOrigins("cancelled"), apply: cancelBatch });
}

/** Retries matching tasks. Skips the tasks of other users, unless the caller is an admin. */
export function retryTasks(context: Context, caller: Caller, input: BulkChangeInput): Promise<BulkOutcome> {
  return changeTasks(context, caller, input, { from: ["failed", "cancelled"], apply: retryBatch });
}

async function changeTasks(
  context: Context,
  { actor }: Caller,
  { roomId, filter, dry_run = false, after: cursor }: BulkChangeInput,
  { from, apply }: BulkChange,
): Promise<BulkOutcome> {
  const status = from.filter((one) => filter.status === undefined || filter.status.includes(one));
  if (status.length === 0) return { matched: 0, changed: 0, skipped: 0, more: false, after: null };
  const selection = await resolveTaskFilter(context, roomId, { ...filter, status });
  const limit = dry_run ? MAX_COUNTED : MAX_TASKS_PER_BULK;
  const selected = await context.storage.tasks.select(selection, { limit, after: cursor });
  if (selected === undefined) throw unknownCursor();

  const { tasks, after } = selected;
  const allowed = tasks.filter(({ createdById }) => actor.isAdmin || createdById === actor.id);
  // `select` returns the newest task first. The oldest task is changed first, so that retried tasks
  // keep their order.
  const ids = allowed.map(({ id }) => id).reverse();
  let changed = dry_run ? ids.length : 0;
  for (let start = 0; start < ids.length && !dry_run; start += BATCH_SIZE) {
    changed += await apply(context, ids.slice(start, start + BATCH_SIZE));
  }
  return { matched: tasks.length, changed, skipped: tasks.length - changed, more: after !== null, after };
}

async function cancelBatch(context: Context, ids: readonly string[]): Promise<number> {
  const transitions = ids.map((id) => context.storage.queue.transition({ id, to: "cancelled" }));
  const changed = (await Promise.all(transitions)).filter((record) => record !== undefined);
  for (const record of changed) emitTaskEnd(context, record);
  context.meter.transitioned(changed, "reported");
  const events = changed.map((record) => createTaskChangedEvent(record, record.task.worker_id));
  publish(context, events);
  return changed.length;
}

/** Retries those tasks whose job is still registered and whose payload still matches its schema. */
async function retryBatch(context: Context, ids: readonly string[]): Promise<number> {
  const { storage, meter } = context;
  const jobs = new Map<string, RegisteredJob | undefined>();
  const retryable: string[] = [];
  for (const { task, jobId, job: address } of await storage.tasks.findMany(ids)) {
    if (!jobs.has(jobId)) jobs.set(jobId, await storage.jobs.findWithoutCounts(address));
    const job = jobs.get(jobId);
    if (job === undefined || job.id !== jobId) continue;
    const payload = parseSerialized(task.payload);
    const errors = await findPayloadErrors(context, job, payload, task.created_by_id ?? "");
    if (errors.length === 0) retryable.push(task.id);
  }
  const changed = await storage.tasks.retry(retryable);
  meter.retried(changed.length);
  publish(context, createRequeueEvents(changed));
  return changed.length;
}
