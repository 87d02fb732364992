import { type Event, getTaskChannel, isTerminal, Problem } from "../../../protocol/index.ts";
import { type Caller, canReadTask, forbidden } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord } from "../../records.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "../../state/long-poll.ts";
import { isUuid } from "../../storage/ids.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { getEntityTag, matchesEntityTag } from "./entity-tag.ts";

type Ports = Pick<Context, "storage" | "bus" | "settings" | "taskEnds">;

/** A request to read a task, which may wait for a change. */
export interface AwaitTaskInput {
  readonly taskId: string;
  /** Value of the `If-None-Match` header. */
  readonly ifNoneMatch: string | undefined;
  readonly longPoll: LongPoll;
}

/** A task and its ETag. `task` is null if the caller already has this version. */
export interface AwaitTaskResult {
  readonly task: WireTask | null;
  readonly tag: string;
}

export const taskNotFound = (): Problem => new Problem("task-not-found", "Task not found.");

/** Returns a task with its queue position. Throws a 404 if it does not exist. */
export const findTask = async ({ storage }: Pick<Ports, "storage">, id: string): Promise<TaskRecord> => {
  const record = isUuid(id) ? await storage.tasks.find(id, { queuePosition: true }) : undefined;
  if (record === undefined) throw taskNotFound();
  return record;
};

/**
 * Returns true if the wait ends: the task has ended, or it differs from the version that the caller has.
 */
const isAnswer = (record: TaskRecord, { ifNoneMatch }: AwaitTaskInput): boolean =>
  isTerminal(record.task.status) ||
  (ifNoneMatch !== undefined && !matchesEntityTag(ifNoneMatch, getEntityTag(record)));

/**
 * Returns true if an event may end the wait. New log lines never do. Without `If-None-Match`, the caller waits
 * for the end of the task, so other changes of its status are ignored. An undefined event may end the wait,
 * because events may have been missed.
 */
const isRelevant = (event: Event | undefined, { ifNoneMatch }: AwaitTaskInput): boolean =>
  event?.kind !== "task-logged" &&
  (ifNoneMatch !== undefined ||
    event?.kind !== "task-changed" ||
    event.status === undefined ||
    isTerminal(event.status));

const waitForAnswer = async (
  ports: Ports,
  input: AwaitTaskInput,
  requireRead: (record: TaskRecord) => Promise<void>,
): Promise<TaskRecord> => {
  const { taskId, longPoll } = input;
  const deadline = getDeadline(longPoll);
  const wakeSignal = new WakeSignal();
  // The order is important: subscribe, read, wait. An event between the read and the wait is remembered by
  // the signal.
  let endedTask: TaskRecord | undefined;
  const unsubscribe = await ports.bus.subscribe(getTaskChannel(taskId.toLowerCase()), (event) => {
    if (isRelevant(event, input)) wakeSignal.notify();
  });
  const removeListener = ports.taskEnds.onEnd(taskId.toLowerCase(), (record) => {
    endedTask = record;
    wakeSignal.notify();
  });
  try {
    for (let isFirst = true; ; isFirst = false) {
      wakeSignal.reset();
      const record = (isFirst ? undefined : endedTask) ?? (await findTask(ports, taskId));
      if (isFirst) await requireRead(record);
      const left = deadline - performance.now();
      if (isAnswer(record, input) || left <= 0 || longPoll.signal.aborted) return record;
      await wakeSignal.wait(Math.min(left, getPollInterval(ports.bus)), longPoll.signal);
    }
  } finally {
    removeListener();
    unsubscribe();
  }
};

/**
 * Returns a task to a caller who can read it, either immediately or when it has ended or changed. Throws a
 * 403 or a 404.
 */
export const awaitTask = async (
  ports: Ports,
  caller: Caller,
  input: AwaitTaskInput,
): Promise<AwaitTaskResult> => {
  const requireRead = async (record: TaskRecord) => {
    if (!(await canReadTask(caller, record))) throw forbidden("task-read");
  };
  const canWait = input.longPoll.seconds > 0 && isUuid(input.taskId);
  const record = canWait
    ? await waitForAnswer(ports, input, requireRead)
    : await findTask(ports, input.taskId);
  if (!canWait) await requireRead(record);
  const tag = getEntityTag(record);
  const task = matchesEntityTag(input.ifNoneMatch, tag) ? null : toWireTask(ports.settings, record);
  return { task, tag };
};
