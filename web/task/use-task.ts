import { useMutation, useQuery } from "@tanstack/react-query";
import type { Task } from "../../protocol/index.ts";
import { call } from "../api/call.ts";
import { queryClient, reading, taskScope } from "../api/queries.ts";

const keyOf = (id: string) => reading("readTask", { params: { task_id: id } }, taskScope(id)).queryKey;

/** A task as it stands. */
export const useTask = (id: string | undefined) =>
  useQuery({
    ...reading("readTask", { params: { task_id: id ?? "" } }, taskScope(id ?? "")),
    enabled: id !== undefined,
  });

/** Takes over a task as an answer showed it. */
export const learnTask = (task: Task): void => {
  queryClient.setQueryData(keyOf(task.id), task);
  for (const name of ["diagnoseTask", "listAttempts", "listLateResults"])
    void queryClient.invalidateQueries({ queryKey: [taskScope(task.id), name] });
};

/** What somebody can do with a task. */
export const useTaskSteps = (id: string) => {
  const params = { task_id: id };
  const cancel = useMutation({
    mutationFn: () => call("updateTask", { params, body: { status: "cancelled" } }),
    onSuccess: learnTask,
  });
  const retry = useMutation({ mutationFn: () => call("retryTask", { params }), onSuccess: learnTask });
  const adopt = useMutation({
    mutationFn: (attempt: number) => call("adoptLateResult", { params, body: { attempt } }),
    onSuccess: learnTask,
  });
  return { cancel, retry, adopt };
};
