import type { LogLine } from "../protocol/log.ts";
import type { Task } from "../protocol/task.ts";
import { isTerminal } from "../protocol/task-status.ts";
import type { Wait } from "./options.ts";
import type { ClientContext } from "./tools.ts";
import { formatLogLine, formatWrappedLogLine, LOG_STYLES } from "./views/log-view.ts";
import { formatTaskFrame, MAX_LOG_LINES, type TaskWithLog } from "./views/task-frame.ts";
import { formatTaskStatus } from "./views/task-view.ts";

/** A task to follow: its id, or how it stands already. */
export interface FollowOptions {
  readonly id: string;
  readonly task?: Task | undefined;
  readonly wait: Wait;
}

/** Without a terminal every step and line of the log is a line. */
const tellPlainly = ({ io }: Pick<ClientContext, "io">) => {
  let status: Task["status"] | undefined;
  return {
    step(task: Task) {
      if (task.status === status) return;
      status = task.status;
      io.event({ event: "status", task: task.id, status }, formatTaskStatus(task));
    },
    lines(items: readonly LogLine[]) {
      for (const line of items) {
        io.event({ event: "log", ...line }, formatLogLine(line), LOG_STYLES[line.level]);
      }
    },
  };
};

/**
 * Follows a task on stderr until it has ended, or the wait has: one view that is drawn again in its place, or lines
 * where nobody watches. Gives the task as it was last seen; undefined where it was not seen at all.
 */
export const followTask = async (
  context: ClientContext,
  { id, task, wait }: FollowOptions,
): Promise<Task | undefined> => {
  const { io, client, signal } = context;
  let story: TaskWithLog | undefined = task === undefined ? undefined : { task, lines: [] };
  if (task !== undefined && (isTerminal(task.status) || wait === 0)) return task;
  const patience = wait === true ? undefined : AbortSignal.timeout(wait * 1000);
  const live = await io.live((look) =>
    story === undefined ? "" : formatTaskFrame(story, { ...look, now: Date.now() }),
  );
  const plain = live === undefined ? tellPlainly(context) : undefined;
  const options = { signal: patience === undefined ? signal : AbortSignal.any([signal, patience]) };
  try {
    for await (const { event, data } of client.follow("followTask", { task_id: id }, options)) {
      if (event === "log") {
        plain?.lines(data.items);
        if (story !== undefined)
          story = { ...story, lines: [...story.lines, ...data.items].slice(-MAX_LOG_LINES) };
      } else {
        plain?.step(data);
        story = { task: data, lines: story?.lines ?? [] };
        if (isTerminal(data.status)) break;
      }
      live?.redraw();
    }
  } catch (error) {
    if (patience?.aborted !== true || signal.aborted) throw error;
  } finally {
    live?.close(({ paint, width }) =>
      story?.lines.map((line) => formatWrappedLogLine(paint, line, width)).join("\n"),
    );
  }
  return story?.task;
};
