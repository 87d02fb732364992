import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import type { FieldError, JsonObject } from "../../../protocol/index.ts";
import { call } from "../../api/call.ts";
import { Failure } from "../../api/failure.ts";
import { learnTask } from "../../task/use-task.ts";
import { SubmitKeys } from "./submit-key.ts";
import { optionsBody, type TypedOptions } from "./task-options.ts";

const AT_PAYLOAD = /^\/payload(?=\/|$)/;

/** What of a failed submit is about the payload, with pointers into it; the rest is about the options. */
export const payloadProblems = (errors: readonly FieldError[]): FieldError[] =>
  errors
    .filter(({ pointer }) => AT_PAYLOAD.test(pointer))
    .map(({ pointer, detail }) => ({ pointer: pointer.replace(AT_PAYLOAD, ""), detail }));

/** Submits tasks of a job. */
export const useSubmit = (room: string, job: string) => {
  const keys = useRef(new SubmitKeys());
  return useMutation({
    mutationFn: async ({ payload, options }: { payload: JsonObject; options: TypedOptions }) => {
      const body = { payload, ...optionsBody(options) };
      const key = keys.current.keyOf(JSON.stringify([room, job, body]));
      try {
        const task = await call(
          "submitTask",
          { params: { room_id: room, job_name: job }, body },
          { headers: { "idempotency-key": key } },
        );
        keys.current.answered();
        return task;
      } catch (error) {
        if (!(error instanceof Failure && error.isTransient)) keys.current.answered();
        throw error;
      }
    },
    onSuccess: learnTask,
  });
};

/** What of a payload does not fit the job, by the server's own rules. */
export const validate = async (room: string, job: string, payload: JsonObject): Promise<FieldError[]> => {
  const params = { room_id: room, job_name: job };
  const { errors } = await call("validatePayload", { params, body: { payload } });
  return errors.map(({ pointer, detail }) => ({ pointer: pointer.replace(AT_PAYLOAD, ""), detail }));
};
