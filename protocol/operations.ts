import { cancelTasks, retryTasks } from "./bulk-operations.ts";
import { readCaller } from "./caller-operations.ts";
import { diagnoseTask, listAttempts } from "./diagnosis-operations.ts";
import { createInvitation, listInvitations, revokeInvitation } from "./invitation-operations.ts";
import { listJobs, listJobTasks, readJob, registerJob, validatePayload } from "./job-operations.ts";
import { listProblems, readProblem } from "./problems.ts";
import { listRooms, readHealth, readRoomStats, readStats } from "./stats-operations.ts";
import {
  adoptLateResult,
  claimTask,
  claimTasks,
  listLateResults,
  listRoomTasks,
  readTask,
  readTaskLogs,
  retryTask,
  submitBatch,
  submitTask,
  submitTasks,
  updateTask,
  updateTasks,
} from "./tasks/submit.ts";
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
  submitBatch,
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
  readCaller,
  listProblems,
  readProblem,
} as const;

/** The whole API, as a type. */
export type Operations = typeof operations;
/** An operation's name. */
export type OperationName = keyof Operations;
