import {
  formatOutputPosition,
  getOutputChannel,
  getTaskChannel,
  isTerminal,
  type OutputPage,
  type OutputQuery,
  Problem,
  parseOutputPosition,
  type Task,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { WakeSignal } from "../../state/long-poll.ts";
import type { OutputOffset } from "../../storage/ports/task-outputs.ts";
import { type FollowEvent, type FollowInput, streamEvents } from "../follow.ts";
import { findReadableTask, findTask, requireRead } from "./find-task.ts";

/**
 * Minimum time between two queries of a stream, in milliseconds. The first part after a pause is
 * sent at once. If a worker appends parts quickly, one query reads several of them.
 */
const MIN_INTERVAL_MS = 20;

/** Returns a page of a task's output to a caller who can read the task. */
export async function readTaskOutput(
  context: Context,
  caller: Caller,
  taskId: string,
  { from }: OutputQuery,
): Promise<OutputPage> {
  const { task } = await findReadableTask(context, caller, taskId);
  const offset = toOffset(task, from);
  const parts = [...(await context.storage.taskOutputs.read(task.id, offset))];
  const number = offset.number + parts.length;
  return { ...offset, parts, next: formatOutputPosition({ attempt: offset.attempt, number }) };
}

/**
 * Returns the position that a client requested. If the client named no attempt, or one that has not
 * begun, the position is in the current attempt.
 */
function toOffset({ attempt: current }: Pick<Task, "attempt">, from: string | undefined): OutputOffset {
  const { attempt = current, number } = parseOutputPosition(from ?? "0") ?? { number: 0 };
  return attempt > current ? { attempt: current, number: 0 } : { attempt, number };
}

/**
 * Streams the output of a task until the task ends. Parts are read when they are sent, so nothing
 * is buffered for a slow client. When a new attempt begins, its number is sent, and the stream
 * continues with its first part.
 */
export async function* followOutput(
  context: Context,
  taskId: string,
  { caller, lastEventId, query, longPoll }: FollowInput & { readonly query: OutputQuery },
): AsyncGenerator<FollowEvent<"followOutput"> | "keep-alive", void> {
  const { bus } = context;
  const id = taskId.toLowerCase();
  const wakeSignal = new WakeSignal();
  let offset: OutputOffset | undefined;
  /**
   * The changes since the last read. If only the output has changed, the task, which may be large,
   * is not read again.
   */
  const changes = { task: false, output: false };

  async function* readParts(start: OutputOffset): AsyncGenerator<FollowEvent<"followOutput">, OutputOffset> {
    for (let next = start; ; ) {
      const parts = [...(await context.storage.taskOutputs.read(id, next))];
      if (parts.length === 0) return next;
      const data = { ...next, parts };
      next = { attempt: next.attempt, number: next.number + parts.length };
      offset = next;
      yield { event: "parts", data, id: formatOutputPosition(next) };
    }
  }

  async function* readEvents(): AsyncGenerator<FollowEvent<"followOutput">> {
    const isOutputOnly = changes.output && !changes.task;
    Object.assign(changes, { task: false, output: false });
    if (offset !== undefined && isOutputOnly) {
      const before = offset;
      if ((yield* readParts(before)).number > before.number) return;
    }
    // The task is read before its parts. If it has ended, no part can be stored after this read.
    const record = await findTask(context, taskId);
    const { attempt, status } = record.task;
    if (offset === undefined) {
      await requireRead(caller, record);
      offset = toOffset(record.task, parsePosition(lastEventId) ?? query.from);
      if (parsePosition(lastEventId) !== formatOutputPosition(offset)) yield createAttemptEvent(offset);
    }
    let end = yield* readParts(offset);
    if (attempt > end.attempt) {
      offset = { attempt, number: 0 };
      yield createAttemptEvent(offset);
      end = yield* readParts(offset);
    }
    if (!isTerminal(status)) return;
    const data = { attempt: end.attempt, status, count: end.number };
    yield { event: "end", data, id: formatOutputPosition(end) };
  }

  const unsubscribes = [
    await bus.subscribe(getTaskChannel(id), (event) => {
      if (event?.kind === "task-logged") return;
      changes.task = true;
      wakeSignal.notify();
    }),
    await bus.subscribe(getOutputChannel(id), (event) => {
      changes[event === undefined ? "task" : "output"] = true;
      wakeSignal.notify();
    }),
  ];
  try {
    const options = { bus, longPoll, minIntervalMs: MIN_INTERVAL_MS };
    for await (const event of streamEvents(readEvents, wakeSignal, options)) {
      yield event;
      if (event !== "keep-alive" && event.event === "end") return;
    }
  } catch (error) {
    // The stream ends if the task is deleted while the client follows it.
    if (offset === undefined || !(error instanceof Problem)) throw error;
  } finally {
    for (const unsubscribe of unsubscribes) unsubscribe();
  }
}

/** Returns the position in a `Last-Event-ID`; undefined if the id does not contain one. */
function parsePosition(lastEventId: string | undefined): string | undefined {
  return parseOutputPosition(lastEventId ?? "")?.attempt === undefined ? undefined : lastEventId;
}

function createAttemptEvent(offset: OutputOffset): FollowEvent<"followOutput"> {
  return { event: "attempt", data: { attempt: offset.attempt }, id: formatOutputPosition(offset) };
}
