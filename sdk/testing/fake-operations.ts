import {
  fileTransfers,
  fillPath,
  formatLogPosition,
  formatWait,
  GLOBAL_ROOM,
  type HeartbeatResponse,
  isLeased,
  isTerminal,
  LOG_START,
  type LogLine,
  Problem,
  type ProblemDocument,
  parseLogPosition,
  readTraceContext,
  type StoredFile,
  type Task,
} from "../../protocol/index.ts";
import { readOutput } from "./fake-output.ts";
import type { FakeState } from "./fake-state.ts";
import { getEtag, requeue } from "./fake-tasks.ts";
import type { Fakes } from "./handlers.ts";

type StopReport = HeartbeatResponse["stop"][number];

export const createFakeOperations = (state: FakeState, heartbeat_seconds: number): Fakes => ({
  createWorker: ({ body }) => {
    const { id, name, last_heartbeat } = state.addWorker(body?.name);
    return { status: 201, body: { id, name, last_heartbeat, heartbeat_seconds } };
  },
  registerJob: ({ params, body }) => state.register(params.room_id, body),
  listJobs: ({ params, query }) => {
    const rooms = [params.room_id, GLOBAL_ROOM];
    const jobs = [...state.jobs.values()].filter(({ room_id }) => rooms.includes(room_id));
    return ok(toPage(jobs, query));
  },
  readJob: ({ params }) => ok(state.job(params.room_id, params.job_name)),

  heartbeat: async ({ params: { worker_id: id }, body, wait, signal }) => {
    const readStops = () => {
      const stop = findStops(state, id, body?.tasks);
      const isNewlyDrained = state.worker(id).draining && body?.draining !== true;
      return stop.length > 0 || isNewlyDrained ? stop : undefined;
    };
    const stop = (await state.waitFor(readStops, wait, signal)) ?? [];
    const { last_heartbeat } = state.worker(id);
    return ok({ id, last_heartbeat, heartbeat_seconds, stop, ...getDraining(state, id) });
  },
  releaseTasks: ({ params: { worker_id }, body }) => {
    state.worker(worker_id);
    const released = state
      .getLeasedTasks(worker_id)
      .filter(({ wire }) => wire.status === "claimed" && body.tasks.includes(wire.id));
    for (const task of released) requeue(task);
    state.notify();
    return ok({ released: released.map(({ wire }) => wire.id) });
  },
  drainWorker: ({ params }) => {
    const { id, name, last_heartbeat, draining } = state.drain(params.worker_id);
    const tasks = state
      .getLeasedTasks(id)
      .map(({ wire }) => ({ ...wire, claimed_at: wire.started_at ?? wire.created_at }));
    const counts = { job_count: 0, task_count: tasks.length, online: true };
    return ok({ id, name, last_heartbeat, ...counts, draining, jobs: [], tasks });
  },
  removeWorker: ({ params }) => {
    state.removeWorker(params.worker_id);
    return { status: 204, body: null };
  },

  submitTask: ({ params: { room_id, job_name }, body, headers }) => {
    const key = headers.get("idempotency-key") ?? undefined;
    return state.submitOnce(room_id, job_name, { ...body, key, trace_context: getTraceContext(headers) });
  },
  submitBatch: ({ params: { room_id }, body }) => {
    const results = body.submissions.map(({ job_name, idempotency_key: key, ...submission }) =>
      catchProblem(() => ({ task: state.submitOnce(room_id, job_name, { ...submission, key }).body })),
    );
    return ok({ results });
  },
  submitTasks: ({ params: { room_id }, body, headers }) => {
    body.tasks.forEach((task, index) => {
      state.requirePayloadFiles(room_id, task.job_name, task, `/tasks/${index}`);
    });
    const trace_context = getTraceContext(headers);
    const tasks = body.tasks.map(({ job_name, ...task }) =>
      state.toSubmitted(state.submit(room_id, job_name, { ...task, trace_context })),
    );
    return { status: 202, body: { tasks } };
  },

  listRoomTasks: ({ params: { room_id }, query }) => {
    const matches = (task: Task) =>
      task.room_id === room_id &&
      (query.status?.includes(task.status) ?? true) &&
      task.job_name === (query.job ?? task.job_name) &&
      task.created_by_id === (query.created_by ?? task.created_by_id);
    const newestFirst = [...state.tasks.values()]
      .map(({ wire }) => wire)
      .filter(matches)
      .toReversed();
    if (query.after === undefined) return ok(toPage(newestFirst, query));
    const afterIndex = newestFirst.findIndex(({ id }) => id === query.after);
    if (afterIndex === -1) {
      const errors = [{ pointer: "/after", detail: "is not a task of this room" }];
      throw new Problem("validation-error", "The query is invalid.", { errors });
    }
    return ok({ ...toPage(newestFirst.slice(afterIndex + 1), query), total: newestFirst.length });
  },
  claimTask: async ({ body: { worker_id, start }, wait, signal }) => {
    const [task = null] = (await state.waitFor(() => state.claim(worker_id, 1, start), wait, signal)) ?? [];
    return ok({ task, ...getDraining(state, worker_id) });
  },
  claimTasks: async ({ params: { worker_id }, body: { limit, start }, wait, signal }) => {
    const tasks = (await state.waitFor(() => state.claim(worker_id, limit, start), wait, signal)) ?? [];
    return ok({ tasks, ...getDraining(state, worker_id) });
  },

  readTask: async ({ params, headers, wait, signal }) => {
    const task = state.task(params.task_id);
    const known = headers.get("if-none-match");
    const hasEnded = () => isTerminal(task.wire.status);
    const hasNews = () => (known === null ? hasEnded() : getEtag(task) !== known) || undefined;
    if (wait > 0 && !hasEnded()) await state.waitFor(hasNews, wait, signal);
    const etag = getEtag(task);
    const responseHeaders = { etag, ...(wait > 0 && { "preference-applied": formatWait(wait) }) };
    if (etag === known) return { status: 304, body: null, headers: responseHeaders };
    return { status: 200, body: task.wire, headers: responseHeaders };
  },
  readTaskLogs: ({ params, query: { after = null, limit } }) => {
    const start = (after === null ? undefined : parseLogPosition(after)) ?? LOG_START;
    const isAfter = ({ attempt, number }: LogLine) =>
      attempt > start.attempt || (attempt === start.attempt && number > start.number);
    const items = state.task(params.task_id).log.filter(isAfter).slice(0, limit);
    const last = items.at(-1);
    return ok({ items, after: last === undefined ? after : formatLogPosition(last) });
  },
  readTaskOutput: ({ params, query }) => ok(readOutput(state.task(params.task_id), query.from)),
  createFile: ({ params: { room_id: roomId }, body }) => toCreated(state.files.create(body, { roomId })),
  createTaskFile: ({ params: { task_id: taskId }, body: { attempt, ...file } }) => {
    state.requireLease(taskId, attempt);
    const roomId = state.task(taskId).wire.room_id;
    return toCreated(state.files.create(file, { roomId, lease: { taskId, attempt } }));
  },
  readFile: ({ params }) => ok(state.files.get(params.file_id).wire),
  listTaskFiles: ({ params }) => {
    const task = state.task(params.task_id);
    return ok({ items: state.files.listAttached(state.getFileSchemas(task), task.wire) });
  },
  updateTask: ({ params, body }) => ok(state.update(params.task_id, body)),
  updateTasks: ({ params: { worker_id }, body }) => {
    const results = body.updates.map(({ id, ...update }) => ({
      id,
      ...catchProblem(() => ({ task: state.update(id, { ...update, worker_id }) })),
    }));
    return ok({ results });
  },
});

/** Returns the response to the creation of a file, with the address of its upload. */
function toCreated(file: StoredFile) {
  const location = fillPath(fileTransfers.readUpload.path, { file_id: file.id });
  return { status: 201 as const, body: file, headers: { location } };
}

const ok = <Body>(body: Body) => ({ status: 200 as const, body });

function toPage<Item>(items: readonly Item[], { limit, offset }: { limit: number; offset: number }) {
  return { items: items.slice(offset, offset + limit), total: items.length, limit, offset };
}

function getTraceContext(headers: Headers) {
  return readTraceContext(headers.get("traceparent"), headers.get("tracestate"));
}

function getDraining(state: FakeState, workerId: string): { draining?: true } {
  return state.workers.get(workerId)?.draining ? { draining: true } : {};
}

/** Returns those of a heartbeat's tasks whose lease the worker has lost. */
function findStops(state: FakeState, workerId: string, listed: readonly string[] = []): StopReport[] {
  return listed.flatMap((task_id) => {
    const wire = state.tasks.get(task_id)?.wire;
    if (wire?.worker_id === workerId && isLeased(wire.status)) return [];
    return { task_id, reason: wire?.status === "cancelled" ? "cancelled" : "lost" };
  });
}

/** Runs one call of a batch. If the call throws a problem, only this call fails. */
function catchProblem<Value>(run: () => Value): Value | { problem: ProblemDocument } {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { problem: error.toDocument() };
  }
}
