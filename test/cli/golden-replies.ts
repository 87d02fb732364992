import { hash } from "node:crypto";
import type { AttachedFile, Invitation, Job, LogLine, Provider, Task, Worker } from "../../protocol/index.ts";
import type { Received, Reply } from "./fake-api.ts";
import { aCompletedTask, aJob, aPage, aProblem, aSubmittedTask, aTask, TASK_ID } from "./wire-values.ts";

/** The current time in every recorded run. */
export const NOW = "2026-01-02T03:14:05.678Z";
/** The time of every event in the replies, ten minutes before `NOW`. */
const EVENT_TIME = "2026-01-02T03:04:05.678Z";
const id = (number: number) => `01990000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** A job with a parameter of every kind. */
export const screen: Job = aJob({
  category: "chemistry",
  name: "Screen",
  full_name: "public:chemistry:Screen",
  description: "Finds drug-like molecules by configurable limits, and reports why the others are not.",
  schema: {
    type: "object",
    properties: {
      limit: {
        type: "number",
        minimum: 0,
        maximum: 1000,
        default: 500,
        description: "Highest weight in g/mol",
      },
      strict: { type: "boolean", default: false, description: "Reject a molecule that exceeds any limit" },
      method: { enum: ["lipinski", "veber"], default: "lipinski" },
      molecules: {
        type: "array",
        minItems: 1,
        maxItems: 1000,
        description: "The molecules to screen",
        items: {
          type: "object",
          properties: { name: { type: "string" }, smiles: { type: "string" } },
          required: ["name", "smiles"],
        },
      },
      box: {
        type: "object",
        properties: { size: { type: "number", exclusiveMinimum: 0 }, unit: { enum: ["nm", "pm"] } },
        required: ["size"],
      },
      tags: { type: "array", items: { type: "string" } },
    },
    required: ["molecules"],
  },
  result_schema: { type: "object", properties: { passed: { type: "array", items: { type: "string" } } } },
  defaults: { max_attempts: 3 },
  workers: [id(71), id(72)],
});

const running = aTask({
  ...{ id: id(2), job_name: screen.full_name, room_id: "lab", status: "running", queue_position: null },
  ...{ attempt: 1, runs: 1, max_attempts: 3, started_at: EVENT_TIME, worker_id: id(71) },
  progress: { fraction: 0.42, message: "aspirin" },
});
const reportFailure = aCompletedTask({
  ...{ id: id(3), status: "failed", result: null, max_attempts: 2, runs: 2, attempt: 2 },
  error:
    "cannot parse the molecule: the bond that is opened at atom 4 is never closed, so it is not a valid structure",
  errors: [
    { attempt: 1, at: EVENT_TIME, error: "out of memory", worker_id: id(71) },
    { attempt: 2, at: EVENT_TIME, error: "cannot parse the molecule", worker_id: id(72) },
  ],
});
const tasks: readonly Task[] = [aTask(), running, reportFailure, aCompletedTask({ id: id(4) })];

const providers: readonly Provider[] = ["Directory", "Frame"].map((name) => ({
  ...{ id: id(81), room_id: "lab", category: "files", name, full_name: `private:files:${name}`, schema: {} },
  content_type: name === "Frame" ? "chemical/x-xyz" : "application/json",
  description: name === "Frame" ? null : "Lists a directory",
  ...{ workers: name === "Frame" ? [] : [id(71)], created_at: EVENT_TIME },
}));

const workers: readonly Worker[] = [
  { id: id(71), name: "gpu-box:4711", last_heartbeat: EVENT_TIME, job_count: 3, task_count: 1, online: true },
  { id: id(72), name: null, last_heartbeat: EVENT_TIME, job_count: 1, task_count: 0, online: false },
];

const invitation: Invitation = {
  ...{ id: id(91), room_id: "lab", jobs: ["chemistry:Screen"], note: "Bob's laptop", created_by_id: "ada" },
  ...{ created_at: EVENT_TIME, expires_at: "2026-01-03T03:04:05.678Z", revoked_at: null },
};
const invitations: readonly Invitation[] = [
  invitation,
  { ...invitation, id: id(90), jobs: null, note: null, revoked_at: EVENT_TIME },
];

const CONTENT = "3\nwater\nO 0 0 0\n";

const trajectory: AttachedFile = {
  ...{ id: id(81), room_id: "lab", name: "water.xyz", media_type: "chemical/x-xyz", size: CONTENT.length },
  ...{ sha256: hash("sha256", CONTENT), is_complete: true, task_id: null, created_by_id: "ada" },
  ...{ created_at: EVENT_TIME, role: "payload", pointer: "/trajectory" },
};
const video: AttachedFile = {
  ...{ ...trajectory, id: id(82), name: "trajectory-of-water-at-300-kelvin.mp4", media_type: "video/mp4" },
  ...{ size: 1_234_567_890, task_id: id(4), role: "result", pointer: "/movies/0/video" },
};

const fileReply = (path: string): Reply =>
  path.endsWith("/content")
    ? { status: 200, type: "chemical/x-xyz", body: CONTENT }
    : { status: 200, body: trajectory };

const line = (number: number, overrides: Partial<LogLine> = {}): LogLine => ({
  ...{ attempt: 1, number, at: EVENT_TIME, level: "info", text: `line ${number}` },
  ...overrides,
});
const lines = [line(0), line(1, { level: "warn", text: "aspirin occurs twice and is screened only once" })];

const event = (name: string, eventId: string, data: unknown) =>
  `event: ${name}\nid: ${eventId}\ndata: ${JSON.stringify(data)}\n\n`;
const stream = (): Reply => ({
  status: 200,
  type: "text/event-stream",
  body: [
    event("task", "1", aTask({ queue_position: 2 })),
    event("task", "2", { ...running, id: TASK_ID }),
    event("log", "2_1.1", { items: lines, after: "1.1" }),
    event("task", "3_1.1", aCompletedTask()),
  ].join(""),
});

const PARTS = ["reading 3 molecules\n", { frame: 1, energy: -7.5 }, "two more lines\nwithout an end"];

/** Only the running task has output. */
const outputStream = (path: string): Reply => ({
  status: 200,
  type: "text/event-stream",
  body: [
    event("attempt", "1.0", { attempt: 1 }),
    ...(path.includes(running.id) ? [event("parts", "1.3", { attempt: 1, number: 0, parts: PARTS })] : []),
    event("end", "1.3", { attempt: 1, status: "completed", count: 3 }),
  ].join(""),
});

const outputPage = (path: string): Reply => {
  const parts = path.includes(running.id) && !path.includes("from=") ? PARTS : [];
  return { status: 200, body: { attempt: 1, number: 0, parts, next: "1.3" } };
};

const diagnosis = {
  ...{
    task_id: TASK_ID,
    status: "pending",
    reason: "workers-busy",
    workers: 2,
    busy_workers: 2,
    queue_position: 3,
  },
  ...{
    run_at: null,
    expected_at: NOW,
    last_worker_at: null,
    worker_id: null,
    worker_name: null,
    since: EVENT_TIME,
    progress: null,
  },
  sentence:
    "Both workers for this job are busy. The task has queue position 3 and will start in about 4 minutes.",
};
const roomSummaries = [
  { room_id: "@global", jobs: 2, workers: 2, pending: 3, running: 1 },
  { room_id: "lab", jobs: 0, workers: 0, pending: 0, running: 1 },
];

const health = {
  version: "0.1.0",
  time: NOW,
  database: { state: "up", milliseconds: 1, pending_migrations: [], connection: "tls" },
  bus: { state: "up", kind: "redis", connection: "plain" },
  sweeper: { state: "up", last_sweep: NOW, interval_seconds: 30 },
  long_poll_max_wait_seconds: 60,
};
const caller = {
  ...{ user_id: "ada", is_admin: false, rooms: ["lab"], jobs: null, invitation_id: null },
  expires_at: "2026-02-01T03:14:05.000Z",
  room: { room_id: "lab", read: true, write: true },
};

const findTask = (path: string) => tasks.find((task) => path.includes(task.id));

/** Returns the response of a server with some jobs, tasks, workers and invitations. */
export const replyWithData = ({ method, path }: Received): Reply => {
  if (path.startsWith("/v1/problems")) return { status: 200, body: { items: [] } };
  if (path.startsWith("/readyz"))
    return { status: 200, body: { status: "up", database: { kind: "postgresql" } } };
  if (path.includes("/providers/")) return { status: 200, body: [{ name: "md.xyz", type: "file" }] };
  if (path.includes("/providers")) return aPage(providers);
  if (path.includes("/diagnosis")) return { status: 200, body: diagnosis };
  if (/\/rooms(\?|$)/.test(path)) return aPage(roomSummaries);
  if (path.endsWith("/drain"))
    return { status: 200, body: { ...workers[0], draining: true, jobs: [], tasks: [] } };
  if (path.includes("/me")) return { status: 200, body: caller };
  if (path.includes("/health")) return { status: 200, body: health };
  if (path.includes("/validation")) return { status: 200, body: { errors: [] } };
  if (path.endsWith("/output/events")) return outputStream(path);
  if (path.endsWith("/events")) return stream();
  if (path.includes("/output")) return outputPage(path);
  if (path.includes("/logs")) return { status: 200, body: { items: lines, after: "1.1" } };
  if (path.includes("/invitations/")) return { status: 200, body: { ...invitation, revoked_at: NOW } };
  if (path.includes("/invitations")) {
    const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJpIn0.c2lnbmF0dXJl";
    return method === "POST" ? { status: 201, body: { ...invitation, token } } : aPage(invitations);
  }
  if (path.endsWith("/workers") && method === "POST") {
    return {
      status: 201,
      body: { id: id(73), name: "joblib doctor", last_heartbeat: NOW, heartbeat_seconds: 15 },
    };
  }
  if (path.includes("/workers/") && method === "DELETE") return { status: 204 };
  if (path.includes("/workers/")) {
    return { status: 200, body: { id: id(73), last_heartbeat: NOW, heartbeat_seconds: 15, stop: [] } };
  }
  if (path.includes("/workers")) return aPage(workers);
  if (method === "POST" && path.includes("/rooms/"))
    return { status: 202, body: aSubmittedTask({ job_name: path.split("/").at(-1) ?? "" }) };
  if (path.includes("/adopt")) return { status: 200, body: aCompletedTask() };
  if (method === "PATCH") return { status: 200, body: aTask({ status: "cancelled", queue_position: null }) };
  if (/\/tasks\/[^/]+\/files$/.test(path)) return { status: 200, body: { items: [trajectory, video] } };
  if (path.includes("/files/")) return fileReply(path);
  if (path.includes("/rooms/") && path.includes("/tasks")) return aPage(tasks, 9);
  if (path.includes("/tasks/")) return { status: 200, body: findTask(path) ?? aTask() };
  if (path.includes("/jobs/")) return { status: 200, body: path.includes("Rotate") ? aJob() : screen };
  if (path.includes("/jobs")) return aPage([screen, aJob()]);
  return aProblem("route-not-found");
};

/** Returns the response of a server without jobs, tasks, workers and invitations. */
export const replyEmpty = ({ path }: Received): Reply =>
  path.includes("/output")
    ? { status: 200, body: { attempt: 0, number: 0, parts: [], next: "0.0" } }
    : path.includes("/logs")
      ? { status: 200, body: { items: [], after: null } }
      : aPage([]);

/** The id of one task of `replyWithData` for each status. */
export const TASKS = {
  pending: TASK_ID,
  running: running.id,
  failed: reportFailure.id,
  completed: id(4),
} as const;
/** The id of the worker that runs the running task. */
export const WORKER_ID = id(71);
/** The id of the invitation that is not revoked. */
export const INVITATION_ID = invitation.id;
/** The id of the file whose content is in the replies. */
export const FILE_ID = trajectory.id;
