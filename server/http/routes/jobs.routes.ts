import { fillPath, operations } from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import { listJobs, readJob } from "../../use-cases/jobs/read-jobs.ts";
import { registerJob } from "../../use-cases/jobs/register-job.ts";
import { validatePayload } from "../../use-cases/jobs/schema-checks.ts";
import { listJobTasks } from "../../use-cases/tasks/list-tasks.ts";
import { type Handlers, ok } from "../operation-route.ts";

export const createJobRoutes = (context: Context) =>
  ({
    registerJob: async ({ caller, params, body, prefix }) => {
      const roomId = params.room_id;
      const { isNew, job } = await registerJob(context, caller, { roomId, registration: body });
      if (!isNew) return ok(job);
      const location =
        prefix + fillPath(operations.readJob.path, { room_id: roomId, job_name: job.full_name });
      return { status: 201, body: job, headers: { location } };
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
