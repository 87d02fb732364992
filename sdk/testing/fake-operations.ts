import {
  formatLogPosition,
  formatWait,
  LOG_START,
  type LogLine,
  Problem,
  parseLogPosition,
  readTraceContext,
  type Task,
  type TaskPageQuery,
} from "../../protocol/index.ts";
import type { FakeState } from "./fake-state.ts";
import { getEtag, isFinished } from "./fake-tasks.ts";
import type { Fakes } from "./handlers.ts";

const toPage = <Item>(items: readonly Item[], { limit, offset }: { limit: number; offset: number }) => ({
  status: 200 as const,
  body: { items: items.slice(offset, offset + limit), total: items.length, limit, offset },
});

const getTraceContext = (headers: Headers) => ({
  trace_context: readTraceContext(headers.get("traceparent"), headers.get("tracestate")),
});

/** Returns a page of tasks. The query may contain the last task of the previous page. */
const toTaskPage = (items: readonly Task[], query: TaskPageQuery) => {
  const afterIndex = query.after === undefined ? -1 : items.findIndex(({ id }) => id === query.after);
  if (query.after !== undefined && afterIndex === -1) {
    throw new Problem("validation-error", "The query is invalid.", {
      errors: [{ pointer: "/after", detail: "is not a task of this room" }],
    });
  }
  const firstPage = toPage(items.slice(afterIndex + 1), query);
  return { ...firstPage, body: { ...firstPage.body, total: items.length } };
};

const getDraining = (state: FakeState, workerId: string) =>
  state.workers.get(workerId)?.draining === true ? { draining: true } : {};

/** Returns the operations of a fake server. */
export const createFakeOperations = (state: FakeState, heartbeat_seconds: number): Fakes => ({
  createWorker: ({ body }) => {
    const { id, name, last_heartbeat } = state.addWorker(body?.name);
    return { status: 201, body: { id, name, last_heartbeat, heartbeat_seconds } };
  },

  registerJob: ({ params, body }) => state.register(params.room_id, body),

  listJobs: ({ params, query }) => toPage(state.getVisibleJobs(params.room_id), query),

  readJob: ({ params }) => ({ status: 200, body: state.job(params.room_id, params.job_name).job }),

  heartbeat: async ({ params: { worker_id }, body, wait, signal }) => {
    const listed = body?.tasks ?? [];
    const isNewlyDrained = () => state.worker(worker_id).draining && body?.draining !== true;
    const read = () => state.findStops(worker_id, listed) ?? (isNewlyDrained() ? [] : undefined);
    const stop = (await state.changes.waitFor(read, wait, signal)) ?? [];
    const { last_heartbeat, draining } = state.worker(worker_id);
    const drainingMember = draining ? { draining } : {};
    return {
      status: 200,
      body: { id: worker_id, last_heartbeat, heartbeat_seconds, stop, ...drainingMember },
    };
  },

  releaseTasks: ({ params, body }) => ({
    status: 200,
    body: { released: state.release(params.worker_id, body.tasks) },
  }),

  drainWorker: ({ params }) => {
    const { id, name, last_heartbeat, draining } = state.drain(params.worker_id);
    const tasks = state.getLeasedTasks(id);
    const counts = { job_count: 0, task_count: tasks.length, online: true };
    return { status: 200, body: { id, name, last_heartbeat, ...counts, draining, jobs: [], tasks } };
  },

  removeWorker: ({ params }) => {
    state.removeWorker(params.worker_id);
    return { status: 204, body: null };
  },

  submitTask: ({ params: { room_id, job_name }, body = {}, headers }) =>
    state.submitOnce(room_id, job_name, {
      ...{ body, key: headers.get("idempotency-key") ?? undefined },
      ...getTraceContext(headers),
    }),

  submitBatch: ({ params: { room_id }, body }) => {
    const results = body.submissions.map(
      ({ job_name, idempotency_key: key, trace_context, ...submission }) => {
        try {
          return { task: state.submitOnce(room_id, job_name, { body: submission, key, trace_context }).body };
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          return { problem: error.toDocument() };
        }
      },
    );
    return { status: 200, body: { results } };
  },

  submitTasks: ({ params: { room_id }, body, headers }) => {
    for (const { job_name } of body.tasks) state.job(room_id, job_name);
    const trace = getTraceContext(headers);
    const tasks = body.tasks.map(({ job_name, ...task }) =>
      state.submit(room_id, job_name, { ...task, ...trace }),
    );
    return { status: 202, body: { tasks } };
  },

  listRoomTasks: ({ params: { room_id }, query }) => {
    const roomTasks = [...state.tasks.values()]
      .map(({ wire }) => wire)
      .filter((task) => task.room_id === room_id);
    const matches = ({ status, job_name, created_by_id }: Task) =>
      (query.status?.includes(status) ?? true) &&
      job_name === (query.job ?? job_name) &&
      created_by_id === (query.created_by ?? created_by_id);
    return toTaskPage(roomTasks.filter(matches).toReversed(), query);
  },

  claimTask: async ({ body: { worker_id, start }, wait, signal }) => {
    const read = () => state.claim(worker_id, 1, start);
    const [task = null] = (await state.changes.waitFor(read, wait, signal)) ?? [];
    return { status: 200, body: { task, ...getDraining(state, worker_id) } };
  },

  claimTasks: async ({ params, body: { limit, start }, wait, signal }) => {
    const read = () => state.claim(params.worker_id, limit, start);
    const tasks = (await state.changes.waitFor(read, wait, signal)) ?? [];
    return { status: 200, body: { tasks, ...getDraining(state, params.worker_id) } };
  },

  readTask: async ({ params, headers, wait, signal }) => {
    const task = state.task(params.task_id);
    const etag = headers.get("if-none-match");
    const read = () => (etag === null ? isFinished(task) : getEtag(task) !== etag) || undefined;
    if (wait > 0 && !isFinished(task)) await state.changes.waitFor(read, wait, signal);
    const responseHeaders = {
      etag: getEtag(task),
      ...(wait > 0 && { "preference-applied": formatWait(wait) }),
    };
    if (etag === getEtag(task)) return { status: 304, body: null, headers: responseHeaders };
    return { status: 200, body: task.wire, headers: responseHeaders };
  },

  readTaskLogs: ({ params, query: { after, limit = 500 } }) => {
    const { log } = state.task(params.task_id);
    const position = after === undefined ? LOG_START : (parseLogPosition(after) ?? LOG_START);
    const isAfter = ({ attempt, number }: LogLine) =>
      attempt > position.attempt || (attempt === position.attempt && number > position.number);
    const items = log.filter(isAfter).slice(0, Number(limit));
    const last = items.at(-1);
    return {
      status: 200,
      body: { items, after: last === undefined ? (after ?? null) : formatLogPosition(last) },
    };
  },

  updateTask: ({ params, body }) => ({ status: 200, body: state.update(params.task_id, body) }),

  updateTasks: ({ params: { worker_id }, body }) => {
    const results = body.updates.map(({ id, ...update }) => {
      try {
        return { id, task: state.update(id, { ...update, worker_id }) };
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return { id, problem: error.toDocument() };
      }
    });
    return { status: 200, body: { results } };
  },
});
