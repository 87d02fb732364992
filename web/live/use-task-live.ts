import { useReducer } from "react";
import type { LogLine } from "../../protocol/index.ts";
import { storeTask } from "../task/use-task.ts";
import { useStream } from "./use-stream.ts";

/** Maximum number of log lines that the page shows. The API returns the whole log. */
export const MAX_LINES = 5000;

const isAfter = (a: LogLine, b: LogLine) =>
  a.attempt === b.attempt ? a.number > b.number : a.attempt > b.attempt;

interface Log {
  readonly taskId: string | undefined;
  readonly lines: readonly LogLine[];
}

const append = (log: Log, { taskId, lines }: Log): Log => {
  const before = log.taskId === taskId ? log.lines : [];
  const last = before.at(-1);
  const fresh = last === undefined ? lines : lines.filter((line) => isAfter(line, last));
  return { taskId, lines: [...before, ...fresh].slice(-MAX_LINES) };
};

/** Keeps the data of a task up to date. Returns the task's log, which grows while the task runs. */
export const useTaskLive = (id: string | undefined): readonly LogLine[] => {
  const [log, add] = useReducer(append, { taskId: id, lines: [] });
  useStream("followTask", id, (message) => {
    if (id === undefined) return;
    if (message.event === "log") return add({ taskId: id, lines: message.data.items });
    storeTask(message.data);
  });
  return log.taskId === id ? log.lines : [];
};
