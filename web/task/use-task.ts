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

/** Stores a task from a response in the cache, and reads its diagnosis, attempts and late results again. */
export const storeTask = (task: Task): void => {
  queryClient.setQueryData(getTaskKey(task.id), task);
  for (const name of ["diagnoseTask", "listAttempts", "listLateResults"])
    void queryClient.invalidateQueries({ queryKey: [taskScope(task.id), name] });
};

/** Returns the mutations of a task: cancel, retry, and adopt a late result. */
export const useTaskActions = (id: string) => {
  const params = { task_id: id };
  const cancel = useMutation({
    mutationFn: () => call("updateTask", { params, body: { status: "cancelled" } }),
    onSuccess: storeTask,
  });
  const retry = useMutation({ mutationFn: () => call("retryTask", { params }), onSuccess: storeTask });
  const adopt = useMutation({
    mutationFn: (attempt: number) => call("adoptLateResult", { params, body: { attempt } }),
    onSuccess: storeTask,
  });
  return { cancel, retry, adopt };
};
