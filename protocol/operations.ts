import { cancelTasks, retryTasks } from "./bulk-operations.ts";
import { diagnoseTask, listAttempts } from "./insight-operations.ts";
import { createInvitation, listInvitations, revokeInvitation } from "./invitation-operations.ts";
import { listJobs, listJobTasks, readJob, registerJob, validatePayload } from "./job-operations.ts";
import { listRooms, readHealth, readRoomStats, readStats } from "./overview-operations.ts";
import { listProblems, readProblem } from "./problem-operations.ts";
import { readStanding } from "./standing-operations.ts";
import {
  adoptLateResult,
  claimTask,
  claimTasks,
  listLateResults,
  listRoomTasks,
  readTask,
  readTaskLogs,
  retryTask,
  submitEach,
  submitTask,
  submitTasks,
  updateTask,
  updateTasks,
} from "./task-operations.ts";
import {
  createWorker,
  drainWorker,
  heartbeat,
  listRoomWorkers,
  listWorkers,
  readWorker,
  releaseTasks,
  removeWorker,
} from "./worker-operations.ts";

export { API_PATH } from "./operation-parts.ts";

/** The whole API. */
export const operations = {
  registerJob,
  listJobs,
  readJob,
  listJobTasks,
  validatePayload,
  createWorker,
  heartbeat,
  listWorkers,
  listRoomWorkers,
  readWorker,
  drainWorker,
  releaseTasks,
  removeWorker,
  listRooms,
  readRoomStats,
  readStats,
  readHealth,
  submitTask,
  submitTasks,
  submitEach,
  listRoomTasks,
  cancelTasks,
  retryTasks,
  claimTask,
  claimTasks,
  readTask,
  readTaskLogs,
  diagnoseTask,
  listAttempts,
  updateTask,
  updateTasks,
  retryTask,
  listLateResults,
  adoptLateResult,
  createInvitation,
  listInvitations,
  revokeInvitation,
  readStanding,
  listProblems,
  readProblem,
} as const;

/** The whole API, as a type. */
export type Operations = typeof operations;
/** An operation's name. */
export type OperationName = keyof Operations;
