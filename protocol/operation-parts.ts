import * as z from "zod";
import { JobName } from "./job-name.ts";
import { RoomId } from "./room.ts";

/** Where the API stands, under the plugin's prefix. */
export const API_PATH = "/v1/joblib";

/** A path that names a room. */
export const RoomParams = z.object({ room_id: RoomId });
/** A path that names a job as it is seen from a room. */
export const RoomJobParams = z.object({ room_id: RoomId, job_name: JobName });
/** A path that names a task. */
export const TaskParams = z.object({ task_id: z.string() });
/** A path that names a worker. */
export const WorkerParams = z.object({ worker_id: z.string() });

/** A path that names an invitation. */
export const InvitationParams = z.object({ invitation_id: z.string() });

/** The header of operations whose answer can be held. */
export const WAIT_HEADER = { prefer: "`wait=N`: hold the answer for N seconds at most (RFC 7240)" };

/** The header of operations that need not tell their client what it knows already. */
export const RETURN_HEADER = {
  prefer: "`return=minimal`: leave out what the request said itself (RFC 7240)",
};
