import type { FastifyInstance, InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { InvitationStatusCache } from "../../../server/auth/invitations.ts";
import {
  createServer,
  createToken,
  openDatabase,
  parseSettings,
  type TokenClaims,
} from "../../../server/index.ts";
import { createDatabase } from "../../support/postgres.ts";

const SECRET = "a secret of at least thirty-two characters";
const API = "/v1/joblib";

let app: FastifyInstance;
let database_url = "";
beforeAll(async () => {
  database_url = await createDatabase(inject("postgresUrl"));
  app = await createServer({ settings: settings({ jwt_secret: SECRET }) });
});
afterAll(() => app.close());

const settings = (own: object) => parseSettings({}, { database_url, log_level: "silent", ...own });

const request =
  (server: FastifyInstance, token: string) =>
  async (method: "GET" | "POST" | "PUT" | "DELETE", path: string, payload?: object) => {
    const options: InjectOptions = { method, url: API + path, headers: { authorization: `Bearer ${token}` } };
    const response = await server.inject(payload === undefined ? options : { ...options, payload });
    return { status: response.statusCode, body: response.json(), headers: response.headers };
  };
const as = async (claims: TokenClaims) => request(app, await createToken(SECRET, claims));

const invite = async (inviter: TokenClaims, room = "lab", body?: object) => {
  const created = await (await as(inviter))("POST", `/rooms/${room}/invitations`, body ?? {});
  expect(created).toMatchObject({ status: 201, headers: { "cache-control": "no-store" } });
  return created.body;
};
const ANN: TokenClaims = { sub: "ann", rooms: ["lab"] };
const ROOT: TokenClaims = { sub: "root", admin: true };
let count = 0;
const createJob = (name = `Job${++count}`) => ({ category: "chem", name, schema: { type: "object" } });

describe("user of an invitation", () => {
  test("the user of an invitation has their own user id and has access only to the room of the invitation", async () => {
    const { id, token, expires_at } = await invite(ANN, "lab", { note: "Bob's laptop" });
    const bob = request(app, token);

    expect((await bob("GET", "/me?room_id=lab")).body).toEqual({
      user_id: `invitation:${id}`,
      is_admin: false,
      rooms: ["lab"],
      jobs: null,
      expires_at: new Date(Math.floor(Date.parse(expires_at) / 1000) * 1000).toISOString(),
      invitation_id: id,
      room: { room_id: "lab", read: true, write: true },
    });
    expect((await bob("PUT", "/rooms/lab/jobs", createJob())).status).toBe(201);
    for (const room of ["office", "@global"]) {
      expect((await bob("GET", `/rooms/${room}/jobs`)).status).toBe(403);
      expect((await bob("GET", `/rooms/${room}/events`)).status).toBe(403);
      expect((await bob("PUT", `/rooms/${room}/jobs`, createJob())).status).toBe(403);
      expect((await bob("GET", `/me?room_id=${room}`)).body.room).toMatchObject({
        read: false,
        write: false,
      });
    }
  });

  test("the user of an invitation can register only the jobs of the invitation", async () => {
    const { token, jobs } = await invite(ANN, "lab", { jobs: ["chem:Mine", "chem:Mine"] });
    const bob = request(app, token);

    expect(jobs).toEqual(["chem:Mine"]);
    expect((await bob("PUT", "/rooms/lab/jobs", createJob("Mine"))).status).toBe(201);
    for (const other of [createJob("Other"), { ...createJob("Mine"), category: "phys" }]) {
      expect(await bob("PUT", "/rooms/lab/jobs", other)).toMatchObject({
        status: 403,
        body: { detail: expect.stringContaining("You are not allowed to register") },
      });
    }
  });

  test("the user of an invitation cannot invite other users", async () => {
    const { token } = await invite(ANN);

    expect((await request(app, token)("POST", "/rooms/lab/invitations", {})).status).toBe(403);
  });

  test("the user of an invitation is not an admin if the invitation is for @global, and can register only the listed jobs", async () => {
    const { token } = await invite(ROOT, "@global", { jobs: ["chem:Everywhere"] });
    const bob = request(app, token);

    expect((await bob("PUT", "/rooms/@global/jobs", createJob("Everywhere"))).status).toBe(201);
    expect((await bob("PUT", "/rooms/@global/jobs", createJob())).status).toBe(403);
    expect((await bob("GET", "/rooms/lab/jobs")).status).toBe(403);
  });
});

describe("creator of an invitation", () => {
  test("the creator of an invitation cannot grant more rooms, more jobs or a later expiry than they have", async () => {
    const limited = await as({ ...ANN, jobs: ["chem:Mine"], expiresInSeconds: 120 });

    expect((await limited("POST", "/rooms/office/invitations", {})).status).toBe(403);
    expect((await limited("POST", "/rooms/@global/invitations", {})).status).toBe(403);
    expect((await limited("POST", "/rooms/lab/invitations", { jobs: ["chem:Other"] })).status).toBe(403);
    const { body } = await limited("POST", "/rooms/lab/invitations", { expires_in_seconds: 3600 });
    expect(body.jobs).toEqual(["chem:Mine"]);
    expect(Date.parse(body.expires_at) - Date.now()).toBeLessThanOrEqual(120_000);
  });

  test.each([
    ["one second", { expires_in_seconds: 1 }, "/expires_in_seconds"],
    ["a year", { expires_in_seconds: 31_536_000 }, "/expires_in_seconds"],
    ["no jobs", { jobs: [] }, "/jobs"],
    ["a full job name", { jobs: ["public:chem:Mine"] }, "/jobs/0"],
  ])("the creator of an invitation cannot create an invitation with %s", async (_, body, pointer) => {
    const response = await (await as(ANN))("POST", "/rooms/lab/invitations", body);

    expect(response).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });

  test("the creator of an invitation can list the invitations of a room, newest first and without tokens", async () => {
    const ann: TokenClaims = { sub: "ann", rooms: ["list"] };
    const first = await invite(ann, "list");
    const second = await invite(ann, "list", { jobs: ["chem:Mine"], note: "for Bob" });

    const { body } = await (await as(ann))("GET", "/rooms/list/invitations?limit=5");

    expect(body).toMatchObject({ total: 2, limit: 5, offset: 0 });
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id]);
    expect(body.items[0]).not.toHaveProperty("token");
    expect((await (await as({ sub: "eve", rooms: [] }))("GET", "/rooms/list/invitations")).status).toBe(403);
  });
});

describe("revocation of an invitation", () => {
  test("the revocation of an invitation makes the invitation's token invalid and requeues the tasks of the invitation's workers", async () => {
    const { id, token } = await invite(ANN);
    const bob = request(app, token);
    const ann = await as(ANN);
    const { body: job } = await bob("PUT", "/rooms/lab/jobs", createJob());
    const own = await ann("PUT", "/rooms/lab/jobs", createJob(job.name));
    const submitted = await ann("POST", `/rooms/lab/tasks/${job.full_name}`, { max_attempts: 2 });
    expect((await bob("POST", "/tasks/claim", { worker_id: job.worker_id })).body.task).not.toBeNull();

    const revoked = await ann("DELETE", `/invitations/${id}`);

    expect(revoked).toMatchObject({ status: 200, body: { id, revoked_at: expect.any(String) } });
    expect((await bob("GET", "/me")).status).toBe(401);
    const claimed = await ann("POST", "/tasks/claim", { worker_id: own.body.worker_id });
    expect(claimed.body.task.id).toBe(submitted.body.id);
    expect((await ann("DELETE", `/invitations/${id}`)).body.revoked_at).toBe(revoked.body.revoked_at);
  });

  test("the revocation of an invitation is effective on every server of the same database", async () => {
    const other = await createServer({ settings: settings({ jwt_secret: SECRET }) });
    onTestFinished(() => other.close());
    const { id, token } = await invite(ANN);
    await (await as(ANN))("DELETE", `/invitations/${id}`);

    expect((await request(other, token)("GET", "/me")).status).toBe(401);
  });

  test("the revocation of an invitation is forbidden to other users and allowed to an admin", async () => {
    const { id } = await invite(ANN);

    expect((await (await as({ sub: "eve", rooms: "*" }))("DELETE", `/invitations/${id}`)).status).toBe(403);
    expect((await (await as(ROOT))("DELETE", `/invitations/${id}`)).status).toBe(200);
    for (const unknown of ["no-uuid", "01900000-0000-7000-8000-000000000000"]) {
      expect((await (await as(ROOT))("DELETE", `/invitations/${unknown}`)).status).toBe(404);
    }
  });

  test("the server does not read the revocation of an invitation from the database again for every request", async () => {
    let reads = 0;
    const status = new InvitationStatusCache({
      find: async () => {
        reads += 1;
        return undefined;
      },
    });

    expect([await status.isValid("a"), await status.isValid("a"), await status.isValid("b")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(reads).toBe(2);
  });
});

test("a token for an invitation that does not exist is unauthorized", async () => {
  const id = "01900000-0000-7000-8000-000000000000";

  expect((await (await as({ sub: `invitation:${id}`, jti: id, rooms: "*" }))("GET", "/me")).status).toBe(401);
});

test("a server without a secret refuses to create invitations and names the missing setting", async () => {
  const orm = await openDatabase({ url: database_url });
  onTestFinished(() => orm.close());
  const local = await createServer({ settings: settings({}) });
  onTestFinished(() => local.close());

  const response = await local.inject({
    method: "POST",
    url: `${API}/rooms/lab/invitations`,
    headers: { host: "localhost" },
    payload: {},
  });

  expect(response.statusCode).toBe(409);
  expect(response.json()).toMatchObject({
    type: "/v1/problems/invitations-not-supported",
    detail: expect.stringContaining("JOBLIB_JWT_SECRET"),
  });
});

test("the health of a server contains the state of its database and event bus connections and whether they are encrypted", async () => {
  const { body } = await (await as(ANN))("GET", "/health");

  expect(body).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    time: expect.any(String),
    database: {
      ...{ state: "up", milliseconds: expect.any(Number), pending_migrations: [], connection: "local" },
      findings: [],
    },
    bus: { state: "up", kind: "in-process", connection: "local" },
    sweeper: { state: "up", last_sweep: null, interval_seconds: 30 },
    long_poll_max_wait_seconds: 60,
  });
});
