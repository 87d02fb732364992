import type { FastifyReply } from "fastify";
import { fillPath, MINIMAL, operations, prefersMinimal, type TraceContext } from "../../../protocol/index.ts";
import { ATTRIBUTES } from "../../../protocol/tracing/names.ts";
import { createLinks } from "../../../protocol/tracing/spans.ts";
import type { Context } from "../../context.ts";
import { joinSerialized } from "../../raw-json.ts";
import type { WireTask } from "../../storage/task-columns.ts";
import { awaitTask } from "../../use-cases/tasks/await-task.ts";
import { cancelTasks, retryTasks } from "../../use-cases/tasks/bulk-changes.ts";
import { type ClaimInput, type ClaimTasksResult, claimTasks } from "../../use-cases/tasks/claim-tasks.ts";
import { diagnoseTask } from "../../use-cases/tasks/diagnose-task.ts";
import { adoptLateResult, listLateResults } from "../../use-cases/tasks/late-results.ts";
import { listAttempts } from "../../use-cases/tasks/list-attempts.ts";
import { listRoomTasks } from "../../use-cases/tasks/list-tasks.ts";
import { readTaskLogs } from "../../use-cases/tasks/read-task-logs.ts";
import { requeueClaims } from "../../use-cases/tasks/release-tasks.ts";
import { retryTask } from "../../use-cases/tasks/retry-task.ts";
import {
  submitBatch,
  submitTask,
  submitTasks,
  toMinimalResults,
} from "../../use-cases/tasks/submit-tasks.ts";
import { updateTask } from "../../use-cases/tasks/update-task.ts";
import { updateTasks, updateTasksMinimal } from "../../use-cases/tasks/update-tasks.ts";
import type { Call, Handlers } from "../call.ts";
import { toProblem } from "../problem-handler.ts";
import { inAwaitSpan, inClaimSpan, inSubmitSpan, inUpdateSpan } from "../spans.ts";

type TaskHandlers = Pick<
  Handlers,
  | "submitTask"
  | "submitTasks"
  | "submitBatch"
  | "listRoomTasks"
  | "cancelTasks"
  | "retryTasks"
  | "claimTask"
  | "claimTasks"
  | "readTask"
  | "readTaskLogs"
  | "diagnoseTask"
  | "listAttempts"
  | "updateTask"
  | "updateTasks"
  | "retryTask"
  | "listLateResults"
  | "adoptLateResult"
>;

const APPLIED = { "preference-applied": MINIMAL };

const joinHeader = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(", ") : value;

/** Requeues claimed tasks if the response cannot be sent, because the client will never run them. */
const requeueUnlessSent = (context: Context, reply: FastifyReply, { records }: ClaimTasksResult): void => {
  if (records.length === 0) return;
  let isSent = false;
  const requeue = () => {
    if (isSent) return;
    requeueClaims(context, records).catch((error: unknown) => {
      context.log.warn({ err: error }, "failed to requeue claims of a client that is gone");
    });
  };
  if (reply.raw.destroyed) {
    requeue();
    return;
  }
  // `on` is enough, because each event is emitted only once, and `once` would wrap each listener.
  reply.raw.on("finish", () => {
    isSent = true;
  });
  reply.raw.on("close", requeue);
};

const claim = (
  context: Context,
  call: Pick<Call<typeof operations.claimTask>, "runLongPoll" | "caller" | "request" | "reply">,
  input: ClaimInput,
) =>
  call.runLongPoll((longPoll) =>
    inClaimSpan(call.request, input.workerId, async () => {
      const result = await claimTasks(context, call.caller, { input, longPoll });
      requeueUnlessSent(context, call.reply, result);
      return result;
    }),
  );

const getTasks = (results: readonly ({ readonly task: WireTask } | object)[]): WireTask[] =>
  results.flatMap((one) => ("task" in one ? [one.task] : []));

export const createTaskRoutes = (context: Context): TaskHandlers => ({
  submitTask: async ({ caller, params, body, request, prefix }) => {
    const { room_id: roomId, job_name: jobName } = params;
    const idempotencyKey = joinHeader(request.headers["idempotency-key"]);
    const getAttributes = () => ({ [ATTRIBUTES.room]: roomId, [ATTRIBUTES.destination]: jobName });
    const submit = (traceContext: TraceContext | undefined) => {
      const task = { ...body, job_name: jobName };
      return submitTask(context, caller, { roomId, task, idempotencyKey, traceContext });
    };
    const { isReplay, task } = await inSubmitSpan(request, submit, { getAttributes });
    const location = prefix + fillPath(operations.readTask.path, { task_id: task.id });
    return { status: isReplay ? 200 : 202, body: task, headers: { location, "retry-after": "1" } };
  },

  submitTasks: async ({ caller, params, body, request }) => {
    const { room_id: roomId } = params;
    const isMinimal = prefersMinimal(request.headers.prefer);
    const { tasks } = body;
    const getAttributes = () => ({ [ATTRIBUTES.room]: roomId, [ATTRIBUTES.count]: tasks.length });
    const submit = (traceContext: TraceContext | undefined) =>
      submitTasks(context, caller, { roomId, tasks, isMinimal, traceContext });
    const submitted = await inSubmitSpan(request, submit, { getAttributes });
    return "tasks" in submitted
      ? { status: 202, body: submitted }
      : { status: 202, body: submitted, headers: APPLIED };
  },

  submitBatch: async ({ caller, params, body, request, prefix }) => {
    const toDocument = (error: unknown) => toProblem(error, request).toDocument(prefix);
    const { room_id: roomId } = params;
    const { submissions } = body;
    const getAttributes = () => ({ [ATTRIBUTES.room]: roomId, [ATTRIBUTES.count]: submissions.length });
    const links = () => submissions.flatMap(({ trace_context }) => createLinks(trace_context));
    const results = await inSubmitSpan(
      request,
      (traceContext) =>
        submitBatch(context, caller, { roomId, submissions, traceContext, toProblem: toDocument }),
      { getAttributes, links },
    );
    return prefersMinimal(request.headers.prefer)
      ? { status: 200, body: toMinimalResults(results), headers: APPLIED }
      : { status: 200, body: { results } };
  },

  listRoomTasks: async ({ params, query }) => ({
    status: 200,
    body: await listRoomTasks(context, params.room_id, query),
  }),

  cancelTasks: async ({ caller, params, body }) => ({
    status: 200,
    body: await cancelTasks(context, caller, { roomId: params.room_id, ...body }),
  }),

  retryTasks: async ({ caller, params, body }) => ({
    status: 200,
    body: await retryTasks(context, caller, { roomId: params.room_id, ...body }),
  }),

  claimTask: async (call) => {
    const { worker_id: workerId, start = false } = call.body;
    const { tasks, isDraining } = await claim(context, call, { workerId, limit: 1, start });
    return { status: 200, body: { task: tasks[0] ?? null, ...(isDraining && { draining: true }) } };
  },

  claimTasks: async (call) => {
    const { limit, start = false } = call.body;
    const input = { workerId: call.params.worker_id, limit, start };
    const { tasks, isDraining } = await claim(context, call, input);
    return { status: 200, body: { tasks: joinSerialized(tasks), ...(isDraining && { draining: true }) } };
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

  diagnoseTask: async ({ caller, params }) => ({
    status: 200,
    body: await diagnoseTask(context, caller, params.task_id),
  }),

  listAttempts: async ({ caller, params }) => ({
    status: 200,
    body: { items: await listAttempts(context, caller, params.task_id) },
  }),

  readTaskLogs: async ({ caller, params, query }) => ({
    status: 200,
    body: await readTaskLogs(context, caller, params.task_id, query),
  }),

  updateTask: async ({ caller, params: { task_id: taskId }, body, request }) => {
    const getAttributes = () => ({ [ATTRIBUTES.taskId]: taskId });
    const task = await inUpdateSpan(
      request,
      { hasTransition: body.status !== undefined, getAttributes },
      {
        work: () => updateTask(context, caller, { taskId, update: body }),
        getTasks: (task) => [task],
      },
    );
    return { status: 200, body: task };
  },

  updateTasks: async ({ caller, params, body, request, prefix }) => {
    const { worker_id: workerId } = params;
    const { updates } = body;
    const toDocument = (error: unknown, pointer: string) => {
      const document = toProblem(error, request).toDocument(prefix);
      if (document.errors === undefined) return document;
      const errors = document.errors.map((one) => ({ ...one, pointer: pointer + one.pointer }));
      return { ...document, errors };
    };
    const input = { workerId, updates, toProblem: toDocument };
    const hasTransition = updates.some(({ status }) => status !== undefined);
    const getAttributes = () => ({ [ATTRIBUTES.workerId]: workerId, [ATTRIBUTES.count]: updates.length });
    if (!prefersMinimal(request.headers.prefer)) {
      const work = () => updateTasks(context, caller, input);
      const results = await inUpdateSpan(request, { hasTransition, getAttributes }, { work, getTasks });
      return { status: 200, body: { results } };
    }
    const work = () => updateTasksMinimal(context, caller, input);
    const results = await inUpdateSpan(
      request,
      { hasTransition, getAttributes },
      { work, getTasks: () => [] },
    );
    return { status: 200, body: { results }, headers: APPLIED };
  },

  listLateResults: async ({ caller, params }) => ({
    status: 200,
    body: { items: [...(await listLateResults(context, caller, params.task_id))] },
  }),

  adoptLateResult: async ({ caller, params, body: adoption }) => {
    const body = await adoptLateResult(context, caller, { taskId: params.task_id, ...adoption });
    return { status: 200, body };
  },

  retryTask: async ({ caller, params }) => ({
    status: 200,
    body: await retryTask(context, caller, params.task_id),
  }),
});
