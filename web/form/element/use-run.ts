import { useCallback, useEffect, useRef, useState } from "react";
import {
  type FieldError,
  isTerminal,
  type JsonObject,
  type LogLine,
  type SubmittedTask,
  type Task,
} from "../../../protocol/index.ts";
import type { ApiServer } from "../../api/api-server.ts";
import { callServer } from "../../api/call-server.ts";
import type { Failure } from "../../api/failure.ts";
import { followServer } from "../../api/follow-server.ts";
import { createSubmitKey } from "../../api/submit-key.ts";
import { toPayloadErrors } from "../errors/form-errors.ts";
import type { FormConfig, FormEventDispatcher } from "./events.ts";
import { toFailure } from "./use-job.ts";

const NO_LINES: readonly LogLine[] = [];
const NO_PROBLEMS: readonly FieldError[] = [];
const MAX_LOG_LINES = 200;

/** The state of the last submit and its task. */
export interface TaskRun {
  readonly isSubmitting: boolean;
  readonly task: Task | SubmittedTask | undefined;
  readonly log: readonly LogLine[];
  readonly problems: readonly FieldError[];
  readonly failure: Failure | undefined;
  readonly submit: (payload: JsonObject) => void;
  readonly cancel: () => void;
}

const INITIAL_STATE = {
  isSubmitting: false,
  task: undefined as Task | SubmittedTask | undefined,
  log: NO_LINES,
  problems: NO_PROBLEMS,
  failure: undefined as Failure | undefined,
};

/** Submits tasks of a job, and follows the last submitted task until it has ended. */
export const useRun = (
  server: ApiServer,
  { room, job }: FormConfig,
  dispatch: FormEventDispatcher,
): TaskRun => {
  const [state, setState] = useState(INITIAL_STATE);
  const follower = useRef<AbortController>(undefined);

  useEffect(() => () => follower.current?.abort(), []);

  const updateTask = useCallback(
    (task: Task | SubmittedTask) => {
      setState((current) => ({ ...current, task, failure: undefined }));
      dispatch("joblib-update", { task });
      if (task.status === "completed") dispatch("joblib-result", { task, result: task.result });
      if (task.status === "failed")
        dispatch("joblib-error", { task, message: task.error ?? "Failed with no error message." });
      if (isTerminal(task.status)) follower.current?.abort();
    },
    [dispatch],
  );

  const fail = useCallback(
    (error: unknown) => {
      const failure = toFailure(error);
      const problems = toPayloadErrors(failure.errors);
      setState((current) => ({ ...current, isSubmitting: false, problems, failure }));
      dispatch("joblib-error", { failure, message: failure.message });
    },
    [dispatch],
  );

  const follow = useCallback(
    (id: string) => {
      follower.current?.abort();
      const abort = new AbortController();
      follower.current = abort;
      const { signal } = abort;
      void followServer(server, {
        name: "followTask",
        params: { task_id: id },
        signal,
        onEvent: (event) => {
          if (signal.aborted) return;
          if (event.event === "task") return updateTask(event.data);
          setState((current) => ({
            ...current,
            log: [...current.log, ...event.data.items].slice(-MAX_LOG_LINES),
          }));
        },
        onState: (streamState, failure) => {
          if (streamState === "refused") fail(failure);
        },
      });
    },
    [server, updateTask, fail],
  );

  const submit = useCallback(
    (payload: JsonObject) => {
      if (!dispatch("joblib-submit", { payload })) return;
      setState({ ...INITIAL_STATE, isSubmitting: true });
      const params = { room_id: room, job_name: job };
      // The server creates only one task for this key, even if the browser or a proxy repeats the
      // request.
      const headers = { "idempotency-key": createSubmitKey() };
      callServer(server, ["submitTask", { params, body: { payload } }], { headers }).then((task) => {
        setState({ ...INITIAL_STATE, task });
        updateTask(task);
        if (!isTerminal(task.status)) follow(task.id);
      }, fail);
    },
    [server, room, job, dispatch, updateTask, follow, fail],
  );

  const id = state.task?.id;
  const cancel = useCallback(() => {
    if (id === undefined) return;
    const body = { status: "cancelled" as const };
    callServer(server, ["updateTask", { params: { task_id: id }, body }]).then(updateTask, fail);
  }, [server, id, updateTask, fail]);

  return { ...state, submit, cancel };
};
