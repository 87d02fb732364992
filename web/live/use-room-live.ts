import { useEffect, useMemo } from "react";
import { Batcher } from "../../protocol/batcher.ts";
import type { OperationName, Task } from "../../protocol/index.ts";
import type { ResponseBody } from "../api/call.ts";
import { queryClient, roomScope } from "../api/queries.ts";
import { enterRoom } from "../shell/room.ts";
import { useStream } from "./use-stream.ts";

const TASKS_MS = 250;
const LISTS_MS = 1000;
const STATS_MS = 3000;

type TaskPage = ResponseBody<"listRoomTasks">;

/** Replaces changed tasks in the cached lists that contain them. */
const replaceTasks = (room: string, changed: readonly Task[]) => {
  const tasks = new Map(changed.map((task) => [task.id, task]));
  queryClient.setQueriesData<TaskPage>({ queryKey: [roomScope(room), "listRoomTasks"] }, (page) =>
    page?.items.some(({ id }) => tasks.has(id))
      ? { ...page, items: page.items.map((task) => tasks.get(task.id) ?? task) }
      : page,
  );
};

const refetch = (room: string, names: readonly OperationName[]) => {
  for (const name of new Set(names))
    void queryClient.invalidateQueries({ queryKey: [roomScope(room), name] });
};

/**
 * Collects values for `milliseconds` and then applies them together, so that the page renders only
 * once for many events.
 */
const createBatcher = <Value>(milliseconds: number, apply: (values: readonly Value[]) => void) =>
  new Batcher<Value, void>({
    run: async (values) => {
      apply(values);
      return [];
    },
    schedule: (start) => setTimeout(start, milliseconds),
  });

/**
 * Keeps the data of a room up to date. The page shows changes of tasks within one second, and
 * changes of stats within three seconds.
 */
export const useRoomLive = (room: string | undefined): void => {
  useEffect(() => enterRoom(room), [room]);
  const batchers = useMemo(() => {
    const roomId = room ?? "";
    return {
      tasks: createBatcher<Task>(TASKS_MS, (tasks) => replaceTasks(roomId, tasks)),
      lists: createBatcher<OperationName>(LISTS_MS, (names) => refetch(roomId, names)),
      stats: createBatcher<OperationName>(STATS_MS, (names) => refetch(roomId, names)),
    };
  }, [room]);
  useStream("followRoom", room, (message) => {
    if (room === undefined) return;
    switch (message.event) {
      case "ready":
      case "reset":
        void queryClient.invalidateQueries({ queryKey: [roomScope(room)] });
        break;
      case "jobs":
        for (const name of ["listJobs", "readJob", "listRoomWorkers", "readRoomStats"] as const)
          void batchers.lists.add(name);
        break;
      case "task":
        void batchers.tasks.add(message.data);
        void batchers.lists.add("listRoomTasks");
        for (const name of ["readRoomStats", "listJobs", "listRoomWorkers"] as const)
          void batchers.stats.add(name);
    }
  });
};
