import {
  type BulkOutcome,
  type BulkRequest,
  getOrigins,
  MAX_COUNTED,
  MAX_TASKS_PER_BULK,
  type TaskStatus,
} from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import type { RegisteredJob, TaskRecord } from "../storage/storage.ts";
import type { SelectedTask } from "../storage/task-lists.ts";
import { createRequeueEvents, createTaskChangedEvent, publishEvents } from "./events.ts";
import { resolveTaskFilter, unknownCursor } from "./list-tasks.ts";
import { findPayloadErrors } from "./schema-checks.ts";

/** Tasks that are changed at a time: what was changed is told before the next are. */
const BATCH = 100;

/** A kind of change: where a task must stand for it, and how a batch is changed; gives how many were. */
interface Change {
  readonly from: readonly TaskStatus[];
  readonly apply: (context: Context, ids: readonly string[]) => Promise<number>;
}

const cancel: Change = {
  from: getOrigins("cancelled"),
  apply: async (context, ids) => {
    const steps = ids.map((id) => context.storage.tasks.transition({ id, to: "cancelled" }));
    const changed = (await Promise.all(steps)).filter((record) => record !== undefined);
    for (const record of changed) context.ended.tell(record);
    context.meter.transitioned(changed, "reported");
    const events = changed.map((record) => createTaskChangedEvent(record, record.task.worker_id));
    publishEvents(context, { value: null, events });
    return changed.length;
  },
};

/** Whether a task may be opened again: its job is there, and its payload still fits. */
const fits = async (
  context: Context,
  { task, job: address, jobId }: TaskRecord,
  jobs: Map<string, Promise<RegisteredJob | undefined>>,
): Promise<boolean> => {
  const asked = jobs.get(jobId) ?? context.storage.jobs.findWithoutCounts(address);
  jobs.set(jobId, asked);
  const job = await asked;
  if (job === undefined || job.id !== jobId) return false;
  const { payload, created_by_id: userId } = task;
  return (
    (await findPayloadErrors(context, job, { payload, prefix: "/payload", userId: userId ?? "" })).length ===
    0
  );
};

const retry: Change = {
  from: ["failed", "cancelled"],
  apply: async (context, ids) => {
    const jobs = new Map<string, Promise<RegisteredJob | undefined>>();
    const fit: string[] = [];
    for (const record of await context.storage.tasks.findMany(ids)) {
      if (await fits(context, record, jobs)) fit.push(record.task.id);
    }
    const changed = await context.storage.tasks.retryMany(fit);
    context.meter.retried(changed.length);
    publishEvents(context, { value: null, events: createRequeueEvents(changed) });
    return changed.length;
  },
};

/** A room, and what of its tasks to change. */
export interface BulkChangeInput extends BulkRequest {
  readonly roomId: string;
}

const changeMany = async (
  context: Context,
  { actor }: Caller,
  { change, wish: { roomId, filter, dry_run = false, after } }: { change: Change; wish: BulkChangeInput },
): Promise<BulkOutcome> => {
  const status = change.from.filter((one) => filter.status === undefined || filter.status.includes(one));
  if (status.length === 0) return { matched: 0, changed: 0, skipped: 0, more: false, after: null };
  const of = await resolveTaskFilter(context, roomId, { ...filter, status });
  const limit = dry_run ? MAX_COUNTED : MAX_TASKS_PER_BULK;
  const selected = await context.storage.tasks.select(of, { limit, after });
  if (selected === undefined) throw unknownCursor();

  const { tasks } = selected;
  const isAllowed = ({ createdById }: SelectedTask) => actor.isAdmin || createdById === actor.id;
  // The oldest first: what is opened again keeps its order.
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

/** Cancels a room's tasks that match and that the caller may cancel. */
export const cancelTasks = (context: Context, caller: Caller, wish: BulkChangeInput): Promise<BulkOutcome> =>
  changeMany(context, caller, { change: cancel, wish });

/** Opens a room's failed and cancelled tasks again that match and that the caller may open. */
export const retryTasks = (context: Context, caller: Caller, wish: BulkChangeInput): Promise<BulkOutcome> =>
  changeMany(context, caller, { change: retry, wish });
