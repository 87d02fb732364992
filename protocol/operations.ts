import { readCaller } from "./caller.ts";
import { readHealth } from "./health.ts";
import { createInvitation, listInvitations, revokeInvitation } from "./invitations.ts";
import { listJobs, listJobTasks, readJob, registerJob, validatePayload } from "./jobs.ts";
import { listProblems, readProblem } from "./problems.ts";
import { listRooms } from "./rooms.ts";
import { readRoomStats, readStats } from "./stats.ts";
import { adoptLateResult, listAttempts, listLateResults } from "./tasks/attempts.ts";
import { claimTask, claimTasks } from "./tasks/claim.ts";
import { diagnoseTask } from "./tasks/diagnosis.ts";
import { cancelTasks, listRoomTasks, retryTasks } from "./tasks/list.ts";
import { readTaskLogs } from "./tasks/log.ts";
import { submitBatch, submitTask, submitTasks } from "./tasks/submit.ts";
import { readTask, retryTask } from "./tasks/task.ts";
import { updateTask, updateTasks } from "./tasks/update.ts";
import {
  createWorker,
  drainWorker,
  heartbeat,
  listRoomWorkers,
  listWorkers,
  readWorker,
  releaseTasks,
  removeWorker,
} from "./workers.ts";

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

export type Operations = typeof operations;
export type OperationName = keyof Operations;
