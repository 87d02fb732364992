import type { Job, SubmittedTask, Task } from "../../protocol/index.ts";
import { PROBLEMS, type ProblemId } from "../../protocol/problem.ts";
import type { Reply } from "./fake-api.ts";

/** The time of every event in the values, such as the submit of a task. */
const EVENT_TIME = "2026-01-02T03:04:05.678Z";

/** The id of the tasks that `aTask` creates. */
export const TASK_ID = "01990000-0000-7000-8000-000000000001";

/** Returns a pending task with some properties replaced. */
export const aTask = (overrides: Partial<Task> = {}): Task => ({
  id: TASK_ID,
  job_name: "public:modifiers:Rotate",
  room_id: "@global",
  status: "pending",
  payload: { angle: 90 },
  priority: 0,
  attempt: 0,
  runs: 0,
  max_attempts: 1,
  backoff: { kind: "exponential", seconds: 5, max_seconds: 3600, jitter: 0.2 },
  timeout_seconds: null,
  run_at: EVENT_TIME,
  created_at: EVENT_TIME,
  started_at: null,
  completed_at: null,
  created_by_id: "ada",
  worker_id: null,
  error: null,
  errors: [],
  result: null,
  progress: null,
  queue_position: 1,
  ...overrides,
});

/** Returns the response of a submit. */
export const aSubmittedTask = (overrides: Partial<SubmittedTask> = {}): SubmittedTask => ({
  ...aTask(overrides),
  workers_online: overrides.workers_online ?? 1,
});

export const aCompletedTask = (overrides: Partial<Task> = {}): Task =>
  aTask({
    status: "completed",
    queue_position: null,
    started_at: EVENT_TIME,
    completed_at: "2026-01-02T03:04:06.878Z",
    worker_id: "w1",
    attempt: 1,
    runs: 1,
    result: { turned: true },
    ...overrides,
  });

/** Returns a public job with two parameters. */
export const aJob = (overrides: Partial<Job> = {}): Job => ({
  id: "01990000-0000-7000-8000-0000000000aa",
  room_id: "@global",
  category: "modifiers",
  name: "Rotate",
  full_name: "public:modifiers:Rotate",
  schema: {
    type: "object",
    properties: {
      angle: { type: "number", minimum: 0, maximum: 360, default: 0, description: "degrees" },
      axis: { enum: ["x", "y"] },
    },
    required: ["axis"],
  },
  result_schema: null,
  description: "Turns a structure.",
  defaults: {},
  workers: ["w1"],
  pending: 3,
  worker_id: null,
  created_at: EVENT_TIME,
  ...overrides,
});

/** Returns a response with a page of a list. */
export const aPage = (items: readonly unknown[], total = items.length): Reply => ({
  status: 200,
  body: { items, total, limit: 50, offset: 0 },
});

/** Returns a response with a problem. */
export const aProblem = (id: ProblemId, extras: Readonly<Record<string, unknown>> = {}): Reply => {
  const { status, title } = PROBLEMS[id];
  return {
    status,
    body: { type: `/v1/problems/${id}`, title, status, detail: `detail of ${id}`, ...extras },
  };
};
