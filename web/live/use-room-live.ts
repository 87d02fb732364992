import { useEffect, useMemo } from "react";
import type { OperationName, Task } from "../../protocol/index.ts";
import type { Answer } from "../api/call.ts";
import { queryClient, roomScope } from "../api/queries.ts";
import { enterRoom } from "../shell/room.ts";
import { Gathering } from "./gather.ts";
import { useStream } from "./use-stream.ts";

const TASKS_MS = 250;
const LISTS_MS = 1000;
const FIGURES_MS = 3000;

type TaskPage = Answer<"listRoomTasks">;

/** Puts tasks that changed into the lists that show them. */
const replaceTasks = (room: string, tasks: ReadonlyMap<string, Task>) => {
  queryClient.setQueriesData<TaskPage>({ queryKey: [roomScope(room), "listRoomTasks"] }, (page) =>
    page?.items.some(({ id }) => tasks.has(id))
      ? { ...page, items: page.items.map((task) => tasks.get(task.id) ?? task) }
      : page,
  );
};

const readAgain = (room: string, names: Iterable<OperationName>) => {
  for (const name of names) void queryClient.invalidateQueries({ queryKey: [roomScope(room), name] });
};

/** Keeps what is shown of a room as it is: new tasks within a second, figures within three. */
export const useRoomLive = (room: string | undefined): void => {
  useEffect(() => enterRoom(room), [room]);
  const feeds = useMemo(() => {
    const about = room ?? "";
    return {
      tasks: new Gathering<string, Task>(TASKS_MS, (tasks) => replaceTasks(about, tasks)),
      lists: new Gathering<OperationName, true>(LISTS_MS, (names) => readAgain(about, names.keys())),
      figures: new Gathering<OperationName, true>(FIGURES_MS, (names) => readAgain(about, names.keys())),
    };
  }, [room]);
  useStream("followRoom", room, (told) => {
    if (room === undefined) return;
    switch (told.event) {
      case "ready":
      case "reset":
        void queryClient.invalidateQueries({ queryKey: [roomScope(room)] });
        break;
      case "jobs":
        for (const name of ["listJobs", "readJob", "listRoomWorkers", "readRoomStats"] as const)
          feeds.lists.add(name, true);
        break;
      case "task":
        feeds.tasks.add(told.data.id, told.data);
        feeds.lists.add("listRoomTasks", true);
        for (const name of ["readRoomStats", "listJobs", "listRoomWorkers"] as const)
          feeds.figures.add(name, true);
    }
  });
};
