import { useMutation, useQuery } from "@tanstack/react-query";
import type { Task } from "../../protocol/index.ts";
import { call } from "../api/call.ts";
import { queryClient, readQuery, taskScope } from "../api/queries.ts";

const getTaskKey = (id: string) => readQuery("readTask", { params: { task_id: id } }, taskScope(id)).queryKey;

export const useTask = (id: string | undefined) =>
  useQuery({
    ...readQuery("readTask", { params: { task_id: id ?? "" } }, taskScope(id ?? "")),
    enabled: id !== undefined,
  });

/**
 * Stores the task of a response in the cache, and reads the task's diagnosis, attempts and late
 * results again.
 */
export const storeTask = (task: Task): void => {
  queryClient.setQueryData(getTaskKey(task.id), task);
  for (const name of ["diagnoseTask", "listAttempts", "listLateResults"])
    void queryClient.invalidateQueries({ queryKey: [taskScope(task.id), name] });
};

/** Returns how often the cached task was updated. */
function countUpdates(id: string): number {
  return queryClient.getQueryState(getTaskKey(id))?.dataUpdateCount ?? 0;
}

/**
 * Runs an operation that changes a task, and stores the task of the response. Ignores the response
 * if the event stream has updated the task during the request, because the response may then be
 * older, for example if a retried task has already completed. No change is lost, because the stream
 * delivers every change.
 */
async function changeTask(id: string, operation: () => Promise<Task>): Promise<void> {
  const updates = countUpdates(id);
  const task = await operation();
  if (countUpdates(id) === updates) storeTask(task);
}

/** Returns the operations that change a task: cancel, retry, and adopt a late result. */
export const useTaskActions = (id: string) => {
  const params = { task_id: id };
  const cancel = useMutation({
    mutationFn: () => changeTask(id, () => call("updateTask", { params, body: { status: "cancelled" } })),
  });
  const retry = useMutation({ mutationFn: () => changeTask(id, () => call("retryTask", { params })) });
  const adopt = useMutation({
    mutationFn: (attempt: number) =>
      changeTask(id, () => call("adoptLateResult", { params, body: { attempt } })),
  });
  return { cancel, retry, adopt };
};
