import { useEffect, useMemo } from "react";
import type { OperationName, Task } from "../../protocol/index.ts";
import type { ResponseBody } from "../api/call-server.ts";
import { queryClient, roomScope } from "../api/queries.ts";
import { enterRoom } from "../shell/room.ts";
import { UpdateBatcher } from "./update-batcher.ts";
import { useStream } from "./use-stream.ts";

const TASKS_MS = 250;
const LISTS_MS = 1000;
const STATS_MS = 3000;

type TaskPage = ResponseBody<"listRoomTasks">;

/** Replaces changed tasks in the cached lists that contain them. */
const replaceTasks = (room: string, tasks: ReadonlyMap<string, Task>) => {
  queryClient.setQueriesData<TaskPage>({ queryKey: [roomScope(room), "listRoomTasks"] }, (page) =>
    page?.items.some(({ id }) => tasks.has(id))
      ? { ...page, items: page.items.map((task) => tasks.get(task.id) ?? task) }
      : page,
  );
};

const refetch = (room: string, names: Iterable<OperationName>) => {
  for (const name of names) void queryClient.invalidateQueries({ queryKey: [roomScope(room), name] });
};

/** Keeps the data of a room up to date. Changes of tasks are shown within one second, stats within three. */
export const useRoomLive = (room: string | undefined): void => {
  useEffect(() => enterRoom(room), [room]);
  const batchers = useMemo(() => {
    const roomId = room ?? "";
    return {
      tasks: new UpdateBatcher<string, Task>(TASKS_MS, (tasks) => replaceTasks(roomId, tasks)),
      lists: new UpdateBatcher<OperationName, true>(LISTS_MS, (names) => refetch(roomId, names.keys())),
      stats: new UpdateBatcher<OperationName, true>(STATS_MS, (names) => refetch(roomId, names.keys())),
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
          batchers.lists.add(name, true);
        break;
      case "task":
        batchers.tasks.add(message.data.id, message.data);
        batchers.lists.add("listRoomTasks", true);
        for (const name of ["readRoomStats", "listJobs", "listRoomWorkers"] as const)
          batchers.stats.add(name, true);
    }
  });
};
