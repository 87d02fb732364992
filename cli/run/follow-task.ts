import type { LogLine } from "../../protocol/tasks/log.ts";
import { isTerminal } from "../../protocol/tasks/status.ts";
import type { Task } from "../../protocol/tasks/task.ts";
import type { Wait } from "../connect/options.ts";
import type { ClientContext } from "../tools.ts";
import { formatLogLine, formatWrappedLogLine, LOG_STYLES } from "../views/log-view.ts";
import type { OutputPrinter } from "../views/output-printer.ts";
import { formatTaskFrame, MAX_LOG_LINES, type TaskWithLog } from "../views/task-frame.ts";
import { formatTaskStatus } from "../views/task-view.ts";
import { printOutput } from "./print-output.ts";

/** The task to follow, and the maximum duration. */
export interface FollowOptions {
  readonly id: string;
  /** The current state of the task, if it is known. */
  readonly task?: Task | undefined;
  readonly wait: Wait;
  /** Prints the output of the task to stdout. By default, the output is not printed. */
  readonly printer?: OutputPrinter | undefined;
}

/**
 * Prints a line for each change of the status and each log line. Used if the output is not a
 * terminal.
 */
function createPlainOutput({ io }: Pick<ClientContext, "io">) {
  let status: Task["status"] | undefined;
  return {
    printStatus(task: Task) {
      if (task.status === status) return;
      status = task.status;
      io.printEvent({ event: "status", task: task.id, status }, formatTaskStatus(task));
    },
    printLog(lines: readonly LogLine[]) {
      for (const line of lines) {
        io.printEvent({ event: "log", ...line }, formatLogLine(line), LOG_STYLES[line.level]);
      }
    },
  };
}

/**
 * Follows a task on stderr until it ends or the time expires. A terminal shows a display that is
 * redrawn in place; other output is printed line by line. Returns the last known state of the task,
 * or undefined if no state was received.
 */
export async function followTask(
  context: ClientContext,
  { id, task, wait, printer }: FollowOptions,
): Promise<Task | undefined> {
  const { io, client, signal } = context;
  let current: TaskWithLog | undefined = task === undefined ? undefined : { task, lines: [] };
  if (task !== undefined && (isTerminal(task.status) || wait === 0)) return task;
  const timeout = wait === true ? undefined : AbortSignal.timeout(wait * 1000);
  let display = await io.openLiveDisplay((style) =>
    current === undefined ? "" : formatTaskFrame(current, { ...style, now: Date.now() }),
  );
  const plain = display === undefined ? createPlainOutput(context) : undefined;
  const ended = new AbortController();
  const options = { signal: timeout === undefined ? signal : AbortSignal.any([signal, timeout]) };
  const onStart = () => {
    // A terminal cannot show the output and a display that is redrawn in place at the same time.
    if (io.width === undefined) return;
    display?.close();
    display = undefined;
  };
  const outputSignal = AbortSignal.any([options.signal, ended.signal]);
  const printing =
    printer === undefined ? undefined : printOutput(context, id, { printer, signal: outputSignal, onStart });
  printing?.catch(() => {});
  try {
    for await (const { event, data } of client.tasks.follow(id, options)) {
      if (event === "log") {
        plain?.printLog(data.items);
        if (current !== undefined)
          current = { ...current, lines: [...current.lines, ...data.items].slice(-MAX_LOG_LINES) };
      } else {
        plain?.printStatus(data);
        current = { task: data, lines: current?.lines ?? [] };
        if (isTerminal(data.status)) break;
      }
      display?.redraw();
    }
    // The task has ended, so this waits only until the rest of the output is printed.
    await printing;
  } catch (error) {
    if (timeout?.aborted !== true || signal.aborted) throw error;
  } finally {
    ended.abort();
    display?.close(({ paint, width }) =>
      current?.lines.map((line) => formatWrappedLogLine(paint, line, width)).join("\n"),
    );
  }
  return current?.task;
}
