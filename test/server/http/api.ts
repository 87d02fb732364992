import Fastify, { type FastifyInstance } from "fastify";
import { sql } from "kysely";
import { expect } from "vitest";
import { PROBLEMS, type ProblemId } from "../../../protocol/index.ts";
import { joblib, migrate, type Orm, openDatabase, type SettingsInput } from "../../../server/index.ts";

/** Any JSON, to be compared with what is expected. */
type Json = ReturnType<typeof JSON.parse>;

/** An answer as the tests look at it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  readonly body: Json;
}

/** What goes with a request: a body as JSON, or bytes as they are. */
export interface Sent {
  readonly body?: unknown;
  readonly raw?: string | Buffer;
  readonly headers?: Record<string, string>;
}

export const API = "/v1/joblib";
const METHODS = { get: "GET", put: "PUT", post: "POST", patch: "PATCH", delete: "DELETE" } as const;
const SCHEMA = { type: "object" };

let count = 0;
/** A room that no other test uses. */
export const aRoom = (): string => `room-${++count}`;
/** A job's name that no other test uses. */
export const aName = (): string => `Job-${++count}`;

/** `Prefer: wait=N`. */
export const wait = (seconds: number) => ({ headers: { prefer: `wait=${seconds}` } });

/** An answer is this problem, as RFC 9457 has it; gives its document. */
export const expectProblem = (answer: Answer, id: ProblemId, prefix = ""): Json => {
  expect({ status: answer.status, body: answer.body }).toMatchObject({
    status: PROBLEMS[id].status,
    body: {
      type: `${prefix}/v1/problems/${id}`,
      title: PROBLEMS[id].title,
      status: PROBLEMS[id].status,
      detail: expect.any(String),
    },
  });
  expect(answer.headers["content-type"]).toMatch("application/problem+json");
  return answer.body;
};

/** The answer's body, of an answer that must be well. */
export const ok = (answer: Answer, status = 200): Json => {
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status });
  return answer.body;
};

const ADMINS = ["root"];
/** These may read and write every room; `rea` may read every room; of others see `grant`. */
const MEMBERS = ["ann", "wes", ...ADMINS];
const READERS = ["rea"];

/** How an API is opened; `settings` as the plugin takes them. */
export interface ApiOptions {
  readonly settings?: SettingsInput;
  /** An opened database: another one takes seconds. */
  readonly orm?: Orm;
  readonly prefix?: string;
  /** Leaves `authorizeRoom` out. */
  readonly everyRoom?: boolean;
  readonly host?: (app: FastifyInstance) => void;
}

/** The plugin in a host of its own, on a database of its own; users come by the header `x-user`. */
export const openApi = async (options: ApiOptions = {}) => {
  const { settings, prefix = "", everyRoom, host } = options;
  const own = options.orm === undefined ? await openDatabase({ dataDir: "memory://" }) : undefined;
  const orm = own ?? options.orm;
  if (orm === undefined) throw new Error("there is no database");
  await migrate(orm);
  const app = Fastify({ routerOptions: { maxParamLength: 5000 } });
  const granted = new Set<string>();
  host?.(app);
  const userOf = (headers: Record<string, unknown>) => headers["x-user"]?.toString();
  await app.register(joblib, {
    prefix,
    orm,
    getCurrentUserId: ({ headers }) => userOf(headers),
    getIsAdmin: ({ headers }) => ADMINS.includes(userOf(headers) ?? ""),
    ...(everyRoom !== true && {
      authorizeRoom: ({ headers }, room, access) => {
        const user = userOf(headers) ?? "";
        if (MEMBERS.includes(user) || (READERS.includes(user) && access === "read")) return true;
        return granted.has(`${user} ${access} ${room}`);
      },
    }),
    settings: { sweeper_interval_seconds: 3600, ...settings },
  });
  await app.ready();

  const send = async (
    method: (typeof METHODS)[keyof typeof METHODS],
    url: string,
    { body, raw, headers = {} }: Sent = {},
  ): Promise<Answer> => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = payload === undefined ? {} : { "content-type": "application/json" };
    const answer = await app.inject({
      method,
      url: `${prefix}${url}`,
      headers: { ...type, ...headers },
      ...(payload !== undefined && { payload }),
    });
    const isJson = /json/.test(String(answer.headers["content-type"]));
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: isJson && answer.body !== "" ? answer.json() : undefined,
    };
  };

  /** Requests of a user, with paths under `/v1/joblib`; undefined is nobody. */
  const as = (user: string | undefined) => {
    const by =
      (name: keyof typeof METHODS) =>
      (path: string, sent: Sent = {}): Promise<Answer> => {
        const identity: Record<string, string> = user === undefined ? {} : { "x-user": user };
        return send(METHODS[name], `${API}${path}`, { ...sent, headers: { ...identity, ...sent.headers } });
      };
    return { get: by("get"), put: by("put"), post: by("post"), patch: by("patch"), delete: by("delete") };
  };

  const grant = (user: string, room: string, ...accesses: ("read" | "write")[]) => {
    for (const access of ["read", "write"]) granted.delete(`${user} ${access} ${room}`);
    for (const access of accesses) granted.add(`${user} ${access} ${room}`);
  };

  /** Registers a job in a room, by `wes` with a worker that is made for him, unless told otherwise. */
  const registerJob = async (room: string, job: Record<string, unknown> = {}, user = "wes") => {
    const body = { category: "modifiers", name: aName(), schema: SCHEMA, ...job };
    const answer = await as(user).put(`/rooms/${room}/jobs`, { body });
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: expect.toBeOneOf([200, 201]),
    });
    return answer.body;
  };

  const submit = async (room: string, jobName: string, body: unknown = {}, user = "ann") =>
    ok(await as(user).post(`/rooms/${room}/tasks/${jobName}`, { body }), 202);

  const claim = async (worker_id: string, { start = false, user = "wes" } = {}) =>
    ok(await as(user).post("/tasks/claim", { body: { worker_id, start } })).task;

  const newWorker = async (user = "wes") => ok(await as(user).post("/workers"), 201);

  const readTask = async (id: string, user = "root") => ok(await as(user).get(`/tasks/${id}`));

  const query = (text: ReturnType<typeof sql>) => text.execute(orm.em.fork().getKysely());

  /** Lets a worker's last sign of life lie in the past. */
  const ageWorker = (id: string, seconds = 3600) =>
    query(sql`update joblib.worker set last_heartbeat = now() - make_interval(secs => ${seconds}::float8)
      where id = ${id}::uuid`);

  /** Lets a task's times lie further back. */
  const ageTask = (id: string, seconds = 3600) =>
    query(sql`update joblib.task set
      run_at = run_at - make_interval(secs => ${seconds}::float8),
      claimed_at = claimed_at - make_interval(secs => ${seconds}::float8),
      started_at = started_at - make_interval(secs => ${seconds}::float8),
      completed_at = completed_at - make_interval(secs => ${seconds}::float8)
      where id = ${id}::uuid`);

  /** A job in a room of its own, with its worker, and one task of it, brought as far as `status`. */
  const aTask = async (
    status: "pending" | "claimed" | "running" | "completed" | "failed" | "cancelled" = "pending",
    { job: jobGiven = {}, task: taskGiven = {} }: { job?: object; task?: object } = {},
  ) => {
    const room = aRoom();
    const job = await registerJob(room, { ...jobGiven });
    const submitted = await submit(room, job.full_name, taskGiven);
    const scene = { room, job, worker: job.worker_id as string, id: submitted.id as string };
    if (status === "pending") return { ...scene, task: submitted };
    if (status === "cancelled") {
      const body = { status };
      return { ...scene, task: ok(await as("ann").patch(`/tasks/${scene.id}`, { body })) };
    }
    const claimed = await claim(scene.worker, { start: status !== "claimed" });
    if (status === "claimed" || status === "running") return { ...scene, task: claimed };
    const last = status === "failed" ? { error: "broken" } : { result: 1 };
    const body = { status, worker_id: scene.worker, attempt: claimed.attempt, ...last };
    return { ...scene, task: ok(await as("wes").patch(`/tasks/${scene.id}`, { body })) };
  };

  const close = async () => {
    await app.close();
    await own?.close();
  };

  return {
    app,
    orm,
    send,
    as,
    grant,
    registerJob,
    submit,
    claim,
    newWorker,
    readTask,
    query,
    ageWorker,
    ageTask,
    aTask,
    close,
  };
};

/** An opened API. */
export type Api = Awaited<ReturnType<typeof openApi>>;
