import type { FastifyReply } from "fastify";
import { fillPath, MINIMAL, operations, prefersMinimal } from "../../protocol/index.ts";
import { ATTRIBUTES } from "../../protocol/tracing/names.ts";
import type { Context } from "../context.ts";
import { joinSerialized } from "../raw-json.ts";
import type { WireTask } from "../storage/task-columns.ts";
import { awaitTask } from "../use-cases/tasks/await-task.ts";
import { cancelTasks, retryTasks } from "../use-cases/tasks/bulk-changes.ts";
import {
  type ClaimInput,
  type ClaimTasksResult,
  claimTasks,
  requeueClaims,
} from "../use-cases/tasks/claim-tasks.ts";
import { diagnoseTask } from "../use-cases/tasks/diagnose-task.ts";
import { readTaskLogs } from "../use-cases/tasks/follow-task.ts";
import { adoptLateResult, listLateResults } from "../use-cases/tasks/late-results.ts";
import { listAttempts } from "../use-cases/tasks/list-attempts.ts";
import { listRoomTasks } from "../use-cases/tasks/list-tasks.ts";
import { readTaskOutput } from "../use-cases/tasks/read-output.ts";
import { retryTask } from "../use-cases/tasks/retry-task.ts";
import { submitBatch, submitTask, submitTasks, toMinimalResults } from "../use-cases/tasks/submit-tasks.ts";
import { updateTask } from "../use-cases/tasks/update-task.ts";
import { updateTasks, updateTasksMinimal } from "../use-cases/tasks/update-tasks.ts";
import { type Call, type Handlers, ok } from "./operation-route.ts";
import { toProblem } from "./problems.ts";
import { inAwaitSpan, inClaimSpan, inSubmitSpan, inUpdateSpan } from "./spans.ts";

const MINIMAL_APPLIED = { "preference-applied": MINIMAL };

const joinHeader = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(", ") : value;

/**
 * Requeues claimed tasks if the worker disconnects before the response with these tasks was sent.
 */
function requeueUnlessSent(context: Context, { raw }: FastifyReply, { records }: ClaimTasksResult): void {
  if (records.length === 0) return;
  const requeue = () => {
    requeueClaims(context, records).catch((error: unknown) => {
      context.log.warn({ err: error }, "failed to requeue claims of a client that is gone");
    });
  };
  raw.once("finish", () => raw.off("close", requeue));
  if (raw.destroyed) requeue();
  else raw.once("close", requeue);
}

function claim(
  context: Context,
  { runLongPoll, caller, request, reply }: Call<typeof operations.claimTask | typeof operations.claimTasks>,
  input: ClaimInput,
): Promise<ClaimTasksResult> {
  return runLongPoll((longPoll) =>
    inClaimSpan(request, input.workerId, async () => {
      const result = await claimTasks(context, caller, { input, longPoll });
      requeueUnlessSent(context, reply, result);
      return result;
    }),
  );
}

const getTasks = (results: readonly ({ readonly task: WireTask } | object)[]): WireTask[] =>
  results.flatMap((one) => ("task" in one ? [one.task] : []));

export const createTaskHandlers = (context: Context) =>
  ({
    submitTask: async ({ caller, params, body, request, prefix }) => {
      const { room_id: roomId, job_name: jobName } = params;
      const idempotencyKey = joinHeader(request.headers["idempotency-key"]);
      const attributes = { [ATTRIBUTES.room]: roomId, [ATTRIBUTES.destination]: jobName };
      const submitted = { ...body, job_name: jobName };
      const { isReplay, task } = await inSubmitSpan(request, { attributes }, (traceContext) =>
        submitTask(context, caller, { roomId, task: submitted, idempotencyKey, traceContext }),
      );
      const location = prefix + fillPath(operations.readTask.path, { task_id: task.id });
      return { status: isReplay ? 200 : 202, body: task, headers: { location, "retry-after": "1" } };
    },

    submitTasks: async ({ caller, params, body, request }) => {
      const { room_id: roomId } = params;
      const isMinimal = prefersMinimal(request.headers.prefer);
      const { tasks } = body;
      const attributes = { [ATTRIBUTES.room]: roomId, [ATTRIBUTES.count]: tasks.length };
      const submitted = await inSubmitSpan(request, { attributes }, (traceContext) =>
        submitTasks(context, caller, { roomId, tasks, isMinimal, traceContext }),
      );
      if ("tasks" in submitted) return { status: 202, body: submitted };
      return { status: 202, body: submitted, headers: MINIMAL_APPLIED };
    },

    submitBatch: async ({ caller, params, body: { submissions }, request, prefix }) => {
      const { room_id: roomId } = params;
      const attributes = { [ATTRIBUTES.room]: roomId, [ATTRIBUTES.count]: submissions.length };
      const toDocument = (error: unknown) => toProblem(error, request).toDocument(prefix);
      const results = await inSubmitSpan(request, { attributes, linkedTo: submissions }, (traceContext) =>
        submitBatch(context, caller, { roomId, submissions, traceContext, toProblem: toDocument }),
      );
      return prefersMinimal(request.headers.prefer)
        ? { status: 200, body: toMinimalResults(results), headers: MINIMAL_APPLIED }
        : ok({ results });
    },

    listRoomTasks: async ({ params, query }) => ok(await listRoomTasks(context, params.room_id, query)),

    cancelTasks: async ({ caller, params, body }) =>
      ok(await cancelTasks(context, caller, { roomId: params.room_id, ...body })),

    retryTasks: async ({ caller, params, body }) =>
      ok(await retryTasks(context, caller, { roomId: params.room_id, ...body })),

    claimTask: async (call) => {
      const { worker_id: workerId, start = false } = call.body;
      const { tasks, isDraining } = await claim(context, call, { workerId, limit: 1, start });
      return ok({ task: tasks[0] ?? null, ...(isDraining && { draining: true }) });
    },

    claimTasks: async (call) => {
      const { limit, start = false } = call.body;
      const input = { workerId: call.params.worker_id, limit, start };
      const { tasks, isDraining } = await claim(context, call, input);
      return ok({ tasks: joinSerialized(tasks), ...(isDraining && { draining: true }) });
    },

    readTask: async ({ caller, params, request, runLongPoll }) => {
      const ifNoneMatch = joinHeader(request.headers["if-none-match"]);
      const { task_id: taskId } = params;
      const { task, tag } = await runLongPoll((longPoll) =>
        inAwaitSpan(request, { taskId, seconds: longPoll.seconds }, () =>
          awaitTask(context, caller, { taskId, ifNoneMatch, longPoll }),
        ),
      );
      const headers = { etag: tag };
      return task === null ? { status: 304, body: null, headers } : { status: 200, body: task, headers };
    },

    diagnoseTask: async ({ caller, params }) => ok(await diagnoseTask(context, caller, params.task_id)),

    listAttempts: async ({ caller, params }) =>
      ok({ items: await listAttempts(context, caller, params.task_id) }),

    readTaskLogs: async ({ caller, params, query }) =>
      ok(await readTaskLogs(context, caller, params.task_id, query)),

    readTaskOutput: async ({ caller, params, query }) =>
      ok(await readTaskOutput(context, caller, params.task_id, query)),

    updateTask: async ({ caller, params: { task_id: taskId }, body, request }) => {
      const span = { hasTransition: body.status !== undefined, attributes: { [ATTRIBUTES.taskId]: taskId } };
      const work = () => updateTask(context, caller, { taskId, update: body });
      return ok(await inUpdateSpan(request, span, work, (task) => [task]));
    },

    updateTasks: async ({ caller, params, body: { updates }, request, prefix }) => {
      const { worker_id: workerId } = params;
      const toDocument = (error: unknown, pointer: string) => {
        const document = toProblem(error, request).toDocument(prefix);
        if (document.errors === undefined) return document;
        const errors = document.errors.map((one) => ({ ...one, pointer: pointer + one.pointer }));
        return { ...document, errors };
      };
      const input = { workerId, updates, toProblem: toDocument };
      const span = {
        hasTransition: updates.some(({ status }) => status !== undefined),
        attributes: { [ATTRIBUTES.workerId]: workerId, [ATTRIBUTES.count]: updates.length },
      };
      if (prefersMinimal(request.headers.prefer)) {
        const work = () => updateTasksMinimal(context, caller, input);
        const results = await inUpdateSpan(request, span, work, () => []);
        return { status: 200, body: { results }, headers: MINIMAL_APPLIED };
      }
      const work = () => updateTasks(context, caller, input);
      return ok({ results: await inUpdateSpan(request, span, work, getTasks) });
    },

    listLateResults: async ({ caller, params }) =>
      ok({ items: [...(await listLateResults(context, caller, params.task_id))] }),

    adoptLateResult: async ({ caller, params, body: adoption }) =>
      ok(await adoptLateResult(context, caller, { taskId: params.task_id, ...adoption })),

    retryTask: async ({ caller, params }) => ok(await retryTask(context, caller, params.task_id)),
  }) satisfies Partial<Handlers>;
