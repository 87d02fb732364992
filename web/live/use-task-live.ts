import { useReducer } from "react";
import type { LogLine } from "../../protocol/index.ts";
import { queryClient, reading, taskScope } from "../api/queries.ts";
import { useStream } from "./use-stream.ts";

/** So many lines are shown; the whole log is at the API. */
export const MOST_LINES = 5000;

const isAfter = (a: LogLine, b: LogLine) =>
  a.attempt === b.attempt ? a.number > b.number : a.attempt > b.attempt;

interface Log {
  readonly about: string | undefined;
  readonly lines: readonly LogLine[];
}

const append = (log: Log, { about, lines }: Log): Log => {
  const before = log.about === about ? log.lines : [];
  const last = before.at(-1);
  const fresh = last === undefined ? lines : lines.filter((line) => isAfter(line, last));
  return { about, lines: [...before, ...fresh].slice(-MOST_LINES) };
};

/** Keeps what is shown of a task as it is, and gives its log as it grows. */
export const useTaskLive = (id: string | undefined): readonly LogLine[] => {
  const [log, add] = useReducer(append, { about: id, lines: [] });
  useStream("followTask", id, (told) => {
    if (id === undefined) return;
    if (told.event === "log") return add({ about: id, lines: told.data.items });
    queryClient.setQueryData(
      reading("readTask", { params: { task_id: id } }, taskScope(id)).queryKey,
      told.data,
    );
    for (const name of ["diagnoseTask", "listAttempts", "listLateResults"])
      void queryClient.invalidateQueries({ queryKey: [taskScope(id), name] });
  });
  return log.about === id ? log.lines : [];
};
