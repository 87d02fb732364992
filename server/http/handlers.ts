import {
  fillPath,
  isProblemId,
  operations,
  PROBLEM_IDS,
  PROBLEMS,
  PROBLEMS_PATH,
  Problem,
  type ProblemId,
} from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { listJobs, readJob } from "../use-cases/jobs/read-jobs.ts";
import { registerJob } from "../use-cases/jobs/register-job.ts";
import { validatePayload } from "../use-cases/jobs/schema-checks.ts";
import { readCaller } from "../use-cases/read-caller.ts";
import { readHealth } from "../use-cases/read-health.ts";
import { createInvitation, listInvitations, revokeInvitation } from "../use-cases/rooms/invitations.ts";
import { listRooms } from "../use-cases/rooms/list-rooms.ts";
import { readStats } from "../use-cases/rooms/read-stats.ts";
import { releaseTasks } from "../use-cases/tasks/claim-tasks.ts";
import { listJobTasks } from "../use-cases/tasks/list-tasks.ts";
import { heartbeat } from "../use-cases/workers/heartbeat.ts";
import { listRoomWorkers, listWorkers, readWorker } from "../use-cases/workers/read-workers.ts";
import { createWorker, drainWorker, removeWorker } from "../use-cases/workers/worker-lifecycle.ts";
import { createFileHandlers } from "./file-handlers.ts";
import { type Handlers, ok } from "./operation-route.ts";
import { createProviderHandlers } from "./provider-handlers.ts";
import { createTaskHandlers } from "./task-handlers.ts";

export function createHandlers(context: Context): Handlers {
  return {
    ...createTaskHandlers(context),
    ...createJobHandlers(context),
    ...createWorkerHandlers(context),
    ...createProviderHandlers(context),
    ...createFileHandlers(context),
    ...createRoomHandlers(context),

    readCaller: async ({ caller, query }) => ok(await readCaller(caller, query.room_id)),

    readHealth: async () => ok(await readHealth(context)),

    listProblems: async ({ prefix }) => ok({ items: PROBLEM_IDS.map((id) => describeProblem(id, prefix)) }),

    readProblem: async ({ params: { problem_id: id }, prefix }) => {
      if (!isProblemId(id))
        throw new Problem("route-not-found", "No problem has this id. List the ids with GET /v1/problems.");
      return ok(describeProblem(id, prefix));
    },
  };
}

function describeProblem(id: ProblemId, prefix: string) {
  return { id, type: `${prefix}${PROBLEMS_PATH}/${id}`, ...PROBLEMS[id] };
}

const createJobHandlers = (context: Context) =>
  ({
    registerJob: async ({ caller, params, body, prefix }) => {
      const roomId = params.room_id;
      const { isNew, job } = await registerJob(context, caller, { roomId, registration: body });
      if (!isNew) return ok(job);
      const path = fillPath(operations.readJob.path, { room_id: roomId, job_name: job.full_name });
      return { status: 201, body: job, headers: { location: prefix + path } };
    },

    listJobs: async ({ params, query }) => ok(await listJobs(context, params.room_id, query)),

    readJob: async ({ params }) => ok(await readJob(context, params.room_id, params.job_name)),

    listJobTasks: async ({ params, query }) =>
      ok(await listJobTasks(context, { roomId: params.room_id, jobName: params.job_name }, query)),

    validatePayload: async ({ caller, params, body: { payload } }) => {
      const request = { roomId: params.room_id, jobName: params.job_name, payload };
      return ok({ errors: await validatePayload(context, caller, request) });
    },
  }) satisfies Partial<Handlers>;

const createWorkerHandlers = (context: Context) =>
  ({
    createWorker: async ({ caller, body }) => ({
      status: 201,
      body: await createWorker(context, caller, body ?? {}),
    }),

    heartbeat: async ({ caller, params, body, runLongPoll }) => {
      const input = {
        workerId: params.worker_id,
        tasks: body?.tasks,
        knowsDraining: body?.draining === true,
      };
      return ok(await runLongPoll((longPoll) => heartbeat(context, caller, { ...input, longPoll })));
    },

    listWorkers: async ({ caller, query }) => ok(await listWorkers(context, caller, query)),

    listRoomWorkers: async ({ params, query }) => ok(await listRoomWorkers(context, params.room_id, query)),

    readWorker: async ({ caller, params }) => ok(await readWorker(context, caller, params.worker_id)),

    drainWorker: async ({ caller, params }) => ok(await drainWorker(context, caller, params.worker_id)),

    releaseTasks: async ({ caller, params, body }) => {
      const input = { workerId: params.worker_id, tasks: body.tasks };
      return ok({ released: await releaseTasks(context, caller, input) });
    },

    removeWorker: async ({ caller, params }) => {
      await removeWorker(context, caller, params.worker_id);
      return { status: 204, body: null };
    },
  }) satisfies Partial<Handlers>;

const createRoomHandlers = (context: Context) =>
  ({
    listRooms: async ({ caller, query }) => ok(await listRooms(context, caller, query)),

    readRoomStats: async ({ params, query }) => ok(await readStats(context, params.room_id, query.hours)),

    readStats: async ({ query }) => ok(await readStats(context, undefined, query.hours)),

    createInvitation: async ({ caller, params, body }) => ({
      status: 201,
      body: await createInvitation(context, caller, { roomId: params.room_id, request: body ?? {} }),
      // The response contains a token, so it must not be cached.
      headers: { "cache-control": "no-store" },
    }),

    listInvitations: async ({ params, query }) => ok(await listInvitations(context, params.room_id, query)),

    revokeInvitation: async ({ caller, params }) =>
      ok(await revokeInvitation(context, caller, params.invitation_id)),
  }) satisfies Partial<Handlers>;
