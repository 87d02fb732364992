import type { Context } from "../../context.ts";
import { publishEvents } from "../../use-cases/events.ts";
import { releaseTasks } from "../../use-cases/tasks/release-tasks.ts";
import { createWorker } from "../../use-cases/workers/create-worker.ts";
import { drainWorker } from "../../use-cases/workers/drain-worker.ts";
import { heartbeat } from "../../use-cases/workers/heartbeat.ts";
import { listRoomWorkers, listWorkers } from "../../use-cases/workers/list-workers.ts";
import { readWorker } from "../../use-cases/workers/read-worker.ts";
import { removeWorker } from "../../use-cases/workers/remove-worker.ts";
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

    drainWorker: async ({ caller, params }) =>
      ok(publishEvents(context, await drainWorker(context, caller, params.worker_id))),

    releaseTasks: async ({ caller, params, body }) => {
      const input = { workerId: params.worker_id, tasks: body.tasks };
      return ok({ released: publishEvents(context, await releaseTasks(context, caller, input)) });
    },

    removeWorker: async ({ caller, params }) => {
      publishEvents(context, await removeWorker(context, caller, params.worker_id));
      return { status: 204, body: null };
    },
  }) satisfies Partial<Handlers>;
