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
import type { RegisteredJob, TaskRecord } from "../../records.ts";
import type { SelectedTask } from "../../storage/ports/tasks.ts";
import { createRequeueEvents, createTaskChangedEvent, emitTaskEnd, publish } from "../events.ts";
import { findPayloadErrors } from "../jobs/schema-checks.ts";
import { resolveTaskFilter, unknownCursor } from "./list-tasks.ts";

/**
 * Number of tasks that are changed at once. The events of a batch are published before the next batch starts.
 */
const BATCH = 100;

/** A kind of change. `apply` changes the tasks of a batch and returns how many were changed. */
interface BulkChange {
  /** The statuses in which a task can be changed. */
  readonly from: readonly TaskStatus[];
  readonly apply: (context: Context, ids: readonly string[]) => Promise<number>;
}

const cancel: BulkChange = {
  from: getOrigins("cancelled"),
  apply: async (context, ids) => {
    const transitions = ids.map((id) => context.storage.tasks.transition({ id, to: "cancelled" }));
    const changed = (await Promise.all(transitions)).filter((record) => record !== undefined);
    for (const record of changed) emitTaskEnd(context, record);
    context.meter.transitioned(changed, "reported");
    const events = changed.map((record) => createTaskChangedEvent(record, record.task.worker_id));
    publish(context, events);
    return changed.length;
  },
};

/** Returns true if the task's job is still registered and the payload still matches its schema. */
const canRetry = async (
  context: Context,
  { task, job: address, jobId }: TaskRecord,
  jobs: Map<string, Promise<RegisteredJob | undefined>>,
): Promise<boolean> => {
  const reading = jobs.get(jobId) ?? context.storage.jobs.findWithoutCounts(address);
  jobs.set(jobId, reading);
  const job = await reading;
  if (job === undefined || job.id !== jobId) return false;
  const { payload, created_by_id: userId } = task;
  const input = { payload: parseSerialized(payload), prefix: "/payload", userId: userId ?? "" };
  return (await findPayloadErrors(context, job, input)).length === 0;
};

const retry: BulkChange = {
  from: ["failed", "cancelled"],
  apply: async (context, ids) => {
    const jobs = new Map<string, Promise<RegisteredJob | undefined>>();
    const retryable: string[] = [];
    for (const record of await context.storage.tasks.findMany(ids)) {
      if (await canRetry(context, record, jobs)) retryable.push(record.task.id);
    }
    const changed = await context.storage.tasks.retryMany(retryable);
    context.meter.retried(changed.length);
    publish(context, createRequeueEvents(changed));
    return changed.length;
  },
};

/** A room and a filter that selects the tasks to change. */
export interface BulkChangeInput extends BulkRequest {
  readonly roomId: string;
}

const changeTasks = async (
  context: Context,
  { actor }: Caller,
  {
    change,
    input: { roomId, filter, dry_run = false, after },
  }: { change: BulkChange; input: BulkChangeInput },
): Promise<BulkOutcome> => {
  const status = change.from.filter((one) => filter.status === undefined || filter.status.includes(one));
  if (status.length === 0) return { matched: 0, changed: 0, skipped: 0, more: false, after: null };
  const selection = await resolveTaskFilter(context, roomId, { ...filter, status });
  const limit = dry_run ? MAX_COUNTED : MAX_TASKS_PER_BULK;
  const selected = await context.storage.tasks.select(selection, { limit, after });
  if (selected === undefined) throw unknownCursor();

  const { tasks } = selected;
  const isAllowed = ({ createdById }: SelectedTask) => actor.isAdmin || createdById === actor.id;
  // The oldest task comes first, so that retried tasks keep their order.
  const allowed = tasks
    .filter(isAllowed)
    .map(({ id }) => id)
    .reverse();
  let changed = dry_run ? allowed.length : 0;
  for (let start = 0; start < allowed.length && !dry_run; start += BATCH) {
    changed += await change.apply(context, allowed.slice(start, start + BATCH));
  }
  return {
    matched: tasks.length,
    changed,
    skipped: tasks.length - changed,
    more: selected.after !== null,
    after: selected.after,
  };
};

/**
 * Cancels the matching tasks of a room. Skips tasks that other users submitted, unless the caller is an
 * admin.
 */
export const cancelTasks = (context: Context, caller: Caller, input: BulkChangeInput): Promise<BulkOutcome> =>
  changeTasks(context, caller, { change: cancel, input });

/**
 * Retries the matching failed and cancelled tasks of a room. Skips tasks that other users submitted, unless
 * the caller is an admin.
 */
export const retryTasks = (context: Context, caller: Caller, input: BulkChangeInput): Promise<BulkOutcome> =>
  changeTasks(context, caller, { change: retry, input });
