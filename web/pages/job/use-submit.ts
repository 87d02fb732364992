import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import type { FieldError, JsonObject } from "../../../protocol/index.ts";
import { call } from "../../api/call.ts";
import { Failure } from "../../api/failure.ts";
import { SubmitKeys } from "../../api/submit-key.ts";
import { storeTask } from "../../task/use-task.ts";
import { type TypedOptions, toRequestOptions } from "./task-options.ts";

const AT_PAYLOAD = /^\/payload(?=\/|$)/;

/**
 * Returns those errors of a failed submit that belong to the payload. Their pointers are converted
 * to be relative to the payload.
 */
export const getPayloadErrors = (errors: readonly FieldError[]): FieldError[] =>
  errors
    .filter(({ pointer }) => AT_PAYLOAD.test(pointer))
    .map(({ pointer, detail }) => ({ pointer: pointer.replace(AT_PAYLOAD, ""), detail }));

export const useSubmit = (room: string, job: string) => {
  const keys = useRef(new SubmitKeys());
  return useMutation({
    mutationFn: async ({ payload, options }: { payload: JsonObject; options: TypedOptions }) => {
      const body = { payload, ...toRequestOptions(options) };
      const key = keys.current.getKey(JSON.stringify([room, job, body]));
      try {
        const task = await call(
          "submitTask",
          { params: { room_id: room, job_name: job }, body },
          { headers: { "idempotency-key": key } },
        );
        keys.current.release();
        return task;
      } catch (error) {
        if (!(error instanceof Failure && error.isTransient)) keys.current.release();
        throw error;
      }
    },
    onSuccess: storeTask,
  });
};

/** Validates a payload on the server, and returns the errors. */
export const validatePayload = async (
  room: string,
  job: string,
  payload: JsonObject,
): Promise<FieldError[]> => {
  const params = { room_id: room, job_name: job };
  const { errors } = await call("validatePayload", { params, body: { payload } });
  return errors.map(({ pointer, detail }) => ({ pointer: pointer.replace(AT_PAYLOAD, ""), detail }));
};
