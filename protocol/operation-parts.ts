import * as z from "zod";
import { JobName } from "./job-name.ts";
import { RoomId } from "./rooms.ts";

/** The path of the API, under the plugin's prefix. */
export const API_PATH = "/v1/joblib";

/** Path parameters of a room. */
export const RoomParams = z.object({ room_id: RoomId });
/** Path parameters of a job that is visible in a room. */
export const RoomJobParams = z.object({ room_id: RoomId, job_name: JobName });
/** Path parameters of a task. */
export const TaskParams = z.object({ task_id: z.string() });
/** Path parameters of a worker. */
export const WorkerParams = z.object({ worker_id: z.string() });

/** Path parameters of an invitation. */
export const InvitationParams = z.object({ invitation_id: z.string() });

/** Header of operations that support long polling. */
export const WAIT_HEADER = { prefer: "`wait=N`: wait up to N seconds before responding (RFC 7240)" };

/** Header of operations that support minimal responses. */
export const RETURN_HEADER = {
  prefer: "`return=minimal`: omit what the request already contained (RFC 7240)",
};
