import type { FieldError, JsonObject } from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";
import { findPayloadErrors } from "./schema-checks.ts";

/**
 * Returns the errors with which a submit of the payload would be rejected. There are none if
 * `validate_payloads` is off.
 */
export const validatePayload = async (
  context: Pick<Context, "storage" | "settings" | "validators">,
  {
    roomId,
    jobName,
    payload,
    userId,
  }: { roomId: string; jobName: string; payload: JsonObject; userId: string },
): Promise<FieldError[]> => {
  const job = await context.storage.jobs.findWithoutCounts(resolveJobName(jobName, roomId));
  if (job === undefined) throw jobNotFound(jobName, roomId);
  return findPayloadErrors(context, job, { payload, prefix: "/payload", userId });
};
