import Fastify, { type FastifyInstance, type InjectOptions } from "fastify";
import { type JoblibOptions, joblib, migrate, openDatabase } from "../../../server/index.ts";

type Body = Record<string, unknown>;

/** What a test sends: who it is comes in a header, as the host's own auth would have it. */
export interface Sent {
  readonly as?: string | null;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** An answer as a test looks at it. */
export interface Got {
  readonly status: number;
  readonly body: Body;
  readonly text: string;
  readonly headers: Record<string, unknown>;
}

const methodOf = (text: string): NonNullable<InjectOptions["method"]> => {
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
  const method = methods.find((candidate) => candidate === text);
  if (method === undefined) throw new Error(`no method ${text}`);
  return method;
};

const isBody = (value: unknown): value is Body => typeof value === "object" && value !== null;

/** Sends `METHOD path` with a JSON body. */
export const sender =
  (app: FastifyInstance) =>
  async (line: string, { as = "ann", body, headers = {} }: Sent = {}): Promise<Got> => {
    const [method = "GET", url = "/"] = line.split(" ");
    const answer = await app.inject({
      method: methodOf(method),
      url,
      headers: {
        ...(as === null ? {} : { "x-user": as }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const parsed: unknown = answer.body.startsWith("{") ? JSON.parse(answer.body) : {};
    return {
      status: answer.statusCode,
      body: isBody(parsed) ? parsed : {},
      text: answer.body,
      headers: answer.headers,
    };
  };

/** A host with the plugin on a database in memory; `root` is an admin, and `closed-…` rooms are nobody's. */
export const startTestServer = async (
  options: Partial<JoblibOptions> & { readonly prefix?: string } = {},
) => {
  const { prefix = "", ...rest } = options;
  const orm = await openDatabase({ dataDir: "memory://" });
  await migrate(orm);
  const app = Fastify({ routerOptions: { maxParamLength: 2000 } });
  await app.register(joblib, {
    orm,
    prefix,
    getCurrentUserId: (request) => String(request.headers["x-user"] ?? ""),
    getIsAdmin: (request) => request.headers["x-user"] === "root",
    authorizeRoom: (request, roomId) => request.headers["x-user"] === "root" || !roomId.startsWith("closed-"),
    ...rest,
  });
  await app.ready();
  return {
    app,
    orm,
    send: sender(app),
    async close() {
      await app.close();
      await orm.close();
    },
  };
};

export type TestServer = Awaited<ReturnType<typeof startTestServer>>;

const schema = { type: "object", properties: { angle: { type: "number" } } };
let rooms = 0;

/** A room of its own with a job `m:Rotate` and a worker; and the words to work in it. */
export const aRoom = async ({ send }: TestServer, more: Body = {}, roomId = `room-${++rooms}`) => {
  const registered = await send(`PUT /v1/joblib/rooms/${roomId}/jobs`, {
    as: roomId === "@global" ? "root" : "ann",
    body: { category: "m", name: "Rotate", schema, ...more },
  });
  if (registered.status > 201) throw new Error(registered.text);
  const worker = String(registered.body["worker_id"]);
  const submit = async (body: Body = {}, sent: Sent = {}) =>
    send(`POST /v1/joblib/rooms/${roomId}/tasks/private:m:Rotate`, { body, ...sent });
  const claim = async (body: Body = {}, sent: Sent = {}) =>
    send("POST /v1/joblib/tasks/claim", { body: { worker_id: worker, ...body }, ...sent });
  const claimed = async (body: Body = {}) => {
    const { task } = (await claim(body)).body;
    if (!isBody(task)) throw new Error("nothing to claim");
    return task;
  };
  return { roomId, worker, job: registered.body, submit, claim, claimed };
};

/** A field of an answer as text: an id, mostly. */
export const textOf = (body: Body, field = "id"): string => String(body[field]);
