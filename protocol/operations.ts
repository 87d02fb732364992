import { createInvitation, listInvitations, revokeInvitation } from "./invitation-operations.ts";
import { listJobs, listJobTasks, readJob, registerJob, validatePayload } from "./job-operations.ts";
import { listProblems, readProblem } from "./problem-operations.ts";
import { readHealth, readStanding } from "./standing-operations.ts";
import {
  adoptLateResult,
  claimTask,
  claimTasks,
  listLateResults,
  listRoomTasks,
  readTask,
  readTaskLogs,
  retryTask,
  submitTask,
  submitTasks,
  updateTask,
  updateTasks,
} from "./task-operations.ts";
import {
  createWorker,
  heartbeat,
  listRoomWorkers,
  listWorkers,
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
  releaseTasks,
  removeWorker,
  submitTask,
  submitTasks,
  listRoomTasks,
  claimTask,
  claimTasks,
  readTask,
  readTaskLogs,
  updateTask,
  updateTasks,
  retryTask,
  listLateResults,
  adoptLateResult,
  createInvitation,
  listInvitations,
  revokeInvitation,
  readStanding,
  readHealth,
  listProblems,
  readProblem,
} as const;

/** The whole API, as a type. */
export type Operations = typeof operations;
/** An operation's name. */
export type OperationName = keyof Operations;
