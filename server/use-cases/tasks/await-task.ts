import { type Event, getTaskChannel, isTerminal } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { matchesTag } from "../../if-none-match.ts";
import type { TaskRecord } from "../../records.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "../../state/long-poll.ts";
import { isUuid } from "../../storage/ids.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { findReadableTask, findTask, requireRead } from "./find-task.ts";

interface AwaitTaskInput {
  readonly taskId: string;
  /** Value of the `If-None-Match` header. */
  readonly ifNoneMatch: string | undefined;
  readonly longPoll: LongPoll;
}

/**
 * Returns a task and its ETag to a caller who can read it, either immediately or when it has ended
 * or changed. The task is null if the caller already has this version. Throws a 403 or a 404.
 */
export async function awaitTask(
  context: Context,
  caller: Caller,
  input: AwaitTaskInput,
): Promise<{ readonly task: WireTask | null; readonly tag: string }> {
  const canWait = input.longPoll.seconds > 0 && isUuid(input.taskId);
  const record = canWait
    ? await waitForTask(context, caller, input)
    : await findReadableTask(context, caller, input.taskId);
  const task = hasVersion(input.ifNoneMatch, record) ? null : toWireTask(context.settings, record);
  return { task, tag: `W/"${record.version}"` };
}

async function waitForTask(context: Context, caller: Caller, input: AwaitTaskInput): Promise<TaskRecord> {
  const { longPoll } = input;
  const taskId = input.taskId.toLowerCase();
  const deadline = getDeadline(longPoll);
  const wakeSignal = new WakeSignal();
  let endedTask: TaskRecord | undefined;
  const onEnd = (record: TaskRecord) => {
    endedTask = record;
    wakeSignal.notify();
  };
  // The order is important: subscribe, read, wait. The signal remembers events between the read and
  // the wait.
  const unsubscribe = await context.bus.subscribe(getTaskChannel(taskId), (event) => {
    if (isRelevant(event, input)) wakeSignal.notify();
  });
  context.taskEnds.on(taskId, onEnd);
  try {
    for (let isFirst = true; ; isFirst = false) {
      wakeSignal.reset();
      const record =
        (isFirst ? undefined : endedTask) ?? (await findTask(context, taskId, { queuePosition: true }));
      if (isFirst) await requireRead(caller, record);
      const left = deadline - performance.now();
      if (mustRespond(record, input) || left <= 0 || longPoll.signal.aborted) return record;
      await wakeSignal.wait(Math.min(left, getPollInterval(context.bus)), longPoll.signal);
    }
  } finally {
    context.taskEnds.off(taskId, onEnd);
    unsubscribe();
  }
}

/** Returns true if the task has ended, or differs from the version that the caller has. */
function mustRespond(record: TaskRecord, { ifNoneMatch }: AwaitTaskInput): boolean {
  return isTerminal(record.task.status) || (ifNoneMatch !== undefined && !hasVersion(ifNoneMatch, record));
}

/**
 * Returns true if an event may end the wait. New log lines never do. Without `If-None-Match`, the
 * caller waits for the end of the task, so other changes of its status are ignored. An undefined
 * event may end the wait, because events may have been missed.
 */
function isRelevant(event: Event | undefined, { ifNoneMatch }: AwaitTaskInput): boolean {
  if (event?.kind === "task-logged") return false;
  if (ifNoneMatch !== undefined || event?.kind !== "task-changed") return true;
  return event.status === undefined || isTerminal(event.status);
}

/** Returns true if `If-None-Match` contains the version of the task. */
function hasVersion(ifNoneMatch: string | undefined, { version }: TaskRecord): boolean {
  return matchesTag(ifNoneMatch, `"${version}"`);
}
