import type { Context } from "../context.ts";
import { createWorker } from "../use-cases/create-worker.ts";
import { heartbeat } from "../use-cases/heartbeat.ts";
import { listRoomWorkers, listWorkers } from "../use-cases/list-workers.ts";
import { told } from "../use-cases/outcome.ts";
import { releaseTasks } from "../use-cases/release-tasks.ts";
import { removeWorker } from "../use-cases/remove-worker.ts";
import type { Handlers } from "./call.ts";

type WorkerHandlers = Pick<
  Handlers,
  "createWorker" | "heartbeat" | "listWorkers" | "listRoomWorkers" | "releaseTasks" | "removeWorker"
>;

/** Create, heartbeat, list, release, remove. */
export const workerRoutes = (context: Context): WorkerHandlers => ({
  createWorker: async ({ caller, body }) => ({
    status: 201,
    body: await createWorker(context, caller, body ?? {}),
  }),

  heartbeat: async ({ caller, params, body, hold }) => ({
    status: 200,
    body: await hold((held) =>
      heartbeat(context, caller, { workerId: params.worker_id, tasks: body?.tasks, hold: held }),
    ),
  }),

  listWorkers: async ({ caller, query }) => ({
    status: 200,
    body: await listWorkers(context, caller, query),
  }),

  listRoomWorkers: async ({ params, query }) => ({
    status: 200,
    body: await listRoomWorkers(context, params.room_id, query),
  }),

  releaseTasks: async ({ caller, params, body }) => {
    const wish = { workerId: params.worker_id, tasks: body.tasks };
    return { status: 200, body: { released: told(context, await releaseTasks(context, caller, wish)) } };
  },

  removeWorker: async ({ caller, params }) => {
    told(context, await removeWorker(context, caller, params.worker_id));
    return { status: 204, body: null };
  },
});
