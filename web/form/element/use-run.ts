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
import { toPayloadErrors } from "../form-errors.ts";
import type { FormConfig, FormEventDispatcher } from "./events.ts";
import { toFailure } from "./use-job.ts";

const NO_LINES: readonly LogLine[] = [];
const NO_PROBLEMS: readonly FieldError[] = [];
const MAX_LOG_LINES = 200;

/** What came of the last submit. */
export interface TaskRun {
  readonly isSending: boolean;
  readonly task: Task | SubmittedTask | undefined;
  readonly log: readonly LogLine[];
  readonly problems: readonly FieldError[];
  readonly failure: Failure | undefined;
  readonly submit: (payload: JsonObject) => void;
  readonly cancel: () => void;
}

const EMPTY_PAYLOAD = {
  isSending: false,
  task: undefined as Task | SubmittedTask | undefined,
  log: NO_LINES,
  problems: NO_PROBLEMS,
  failure: undefined as Failure | undefined,
};

/** Submits a job's tasks, and follows the last of them to its end. */
export const useRun = (home: ApiServer, { room, job }: FormConfig, tell: FormEventDispatcher): TaskRun => {
  const [state, setState] = useState(EMPTY_PAYLOAD);
  const following = useRef<AbortController>(undefined);

  useEffect(() => () => following.current?.abort(), []);

  const learn = useCallback(
    (task: Task | SubmittedTask) => {
      setState((now) => ({ ...now, task, failure: undefined }));
      tell("joblib-update", { task });
      if (task.status === "completed") tell("joblib-result", { task, result: task.result });
      if (task.status === "failed")
        tell("joblib-error", { task, message: task.error ?? "The task has failed." });
      if (isTerminal(task.status)) following.current?.abort();
    },
    [tell],
  );

  const fail = useCallback(
    (error: unknown) => {
      const failure = toFailure(error);
      const problems = toPayloadErrors(failure.errors);
      setState((now) => ({ ...now, isSending: false, problems, failure }));
      tell("joblib-error", { failure, message: failure.message });
    },
    [tell],
  );

  const follow = useCallback(
    (id: string) => {
      following.current?.abort();
      const follower = new AbortController();
      following.current = follower;
      const { signal } = follower;
      void followServer(home, {
        name: "followTask",
        params: { task_id: id },
        signal,
        onEvent: (told) => {
          if (signal.aborted) return;
          if (told.event === "task") return learn(told.data);
          setState((now) => ({ ...now, log: [...now.log, ...told.data.items].slice(-MAX_LOG_LINES) }));
        },
        onState: (standing, failure) => {
          if (standing === "refused") fail(failure);
        },
      });
    },
    [home, learn, fail],
  );

  const submit = useCallback(
    (payload: JsonObject) => {
      if (!tell("joblib-submit", { payload })) return;
      setState({ ...EMPTY_PAYLOAD, isSending: true });
      const params = { room_id: room, job_name: job };
      // The same submit, tried again by a network, is the same task.
      const headers = { "idempotency-key": crypto.randomUUID() };
      callServer(home, ["submitTask", { params, body: { payload } }], { headers }).then((task) => {
        setState({ ...EMPTY_PAYLOAD, task });
        learn(task);
        if (!isTerminal(task.status)) follow(task.id);
      }, fail);
    },
    [home, room, job, tell, learn, follow, fail],
  );

  const id = state.task?.id;
  const cancel = useCallback(() => {
    if (id === undefined) return;
    const body = { status: "cancelled" as const };
    callServer(home, ["updateTask", { params: { task_id: id }, body }]).then(learn, fail);
  }, [home, id, learn, fail]);

  return { ...state, submit, cancel };
};
