import type { Context } from "../../context.ts";
import { releaseTasks } from "../../use-cases/tasks/claim-tasks.ts";
import { heartbeat } from "../../use-cases/workers/heartbeat.ts";
import { listRoomWorkers, listWorkers, readWorker } from "../../use-cases/workers/read-workers.ts";
import { createWorker, drainWorker, removeWorker } from "../../use-cases/workers/worker-lifecycle.ts";
import { type Handlers, ok } from "../operation-route.ts";

export const createWorkerRoutes = (context: Context) =>
  ({
    createWorker: async ({ caller, body }) => ({
      status: 201,
      body: await createWorker(context, caller, body ?? {}),
    }),

    heartbeat: async ({ caller, params, body, runLongPoll }) =>
      ok(
        await runLongPoll((longPoll) =>
          heartbeat(context, caller, {
            workerId: params.worker_id,
            tasks: body?.tasks,
            knowsDraining: body?.draining === true,
            longPoll,
          }),
        ),
      ),

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
