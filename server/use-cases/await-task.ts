import { type Event, getTaskChannel, isTerminal, Problem, type Task } from "../../protocol/index.ts";
import { type Caller, canReadTask, forbidden } from "../access.ts";
import type { Context } from "../context.ts";
import { isUuid } from "../storage/ids.ts";
import type { TaskRecord } from "../storage/storage.ts";
import { getEntityTag, matchesEntityTag } from "./entity-tag.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "./long-poll.ts";
import { toWireTask } from "./wire.ts";

type Ports = Pick<Context, "storage" | "bus" | "settings" | "ended">;

/** A task to be read, and what the caller knows of it already. */
export interface AwaitTaskInput {
  readonly taskId: string;
  /** The header's value. */
  readonly ifNoneMatch: string | undefined;
  readonly hold: LongPoll;
}

/** The task, or null where the caller has it as it is. */
export interface AwaitTaskResult {
  readonly task: Task | null;
  readonly tag: string;
}

/** The 404 of a task. */
export const taskNotFound = (): Problem => new Problem("task-not-found", "There is no such task.");

/** A task as it stands; 404 where it is not there. */
export const findTask = async ({ storage }: Pick<Ports, "storage">, id: string): Promise<TaskRecord> => {
  const record = isUuid(id) ? await storage.tasks.find(id, { queuePosition: true }) : undefined;
  if (record === undefined) throw taskNotFound();
  return record;
};

/** True where there is nothing to wait for: it has come to its end, or is not what the caller knows. */
const isAnswer = (record: TaskRecord, { ifNoneMatch }: AwaitTaskInput): boolean =>
  isTerminal(record.task.status) ||
  (ifNoneMatch !== undefined && !matchesEntityTag(ifNoneMatch, getEntityTag(record)));

/** A step on the way to the end is none to who waits for the end alone; a line of its log is none to anybody here. */
const isNews = (event: Event | undefined, { ifNoneMatch }: AwaitTaskInput): boolean =>
  event?.kind !== "task-logged" &&
  (ifNoneMatch !== undefined ||
    event?.kind !== "task-changed" ||
    event.status === undefined ||
    isTerminal(event.status));

const waitFor = async (
  ports: Ports,
  wish: AwaitTaskInput,
  mayRead: (record: TaskRecord) => Promise<void>,
): Promise<TaskRecord> => {
  const { taskId, hold } = wish;
  const deadline = getDeadline(hold);
  const bell = new WakeSignal();
  // Listen first, then read, then wait: what comes in between rings the bell.
  let end: TaskRecord | undefined;
  const unsubscribe = await ports.bus.subscribe(getTaskChannel(taskId.toLowerCase()), (event) => {
    if (isNews(event, wish)) bell.notify();
  });
  const forget = ports.ended.onEnd(taskId.toLowerCase(), (record) => {
    end = record;
    bell.notify();
  });
  try {
    for (let isFirst = true; ; isFirst = false) {
      bell.reset();
      const record = (isFirst ? undefined : end) ?? (await findTask(ports, taskId));
      if (isFirst) await mayRead(record);
      const left = deadline - performance.now();
      if (isAnswer(record, wish) || left <= 0 || hold.signal.aborted) return record;
      await bell.wait(Math.min(left, getPollInterval(ports.bus)), hold.signal);
    }
  } finally {
    forget();
    unsubscribe();
  }
};

/** A task for whoever may see it, at once or when it has come to its end. */
export const awaitTask = async (
  ports: Ports,
  caller: Caller,
  wish: AwaitTaskInput,
): Promise<AwaitTaskResult> => {
  const mayRead = async (record: TaskRecord) => {
    if (!(await canReadTask(caller, record))) throw forbidden("task-read");
  };
  const mayWait = wish.hold.seconds > 0 && isUuid(wish.taskId);
  const record = mayWait ? await waitFor(ports, wish, mayRead) : await findTask(ports, wish.taskId);
  if (!mayWait) await mayRead(record);
  const tag = getEntityTag(record);
  const task = matchesEntityTag(wish.ifNoneMatch, tag) ? null : toWireTask(ports.settings, record);
  return { task, tag };
};
