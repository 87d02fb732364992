import type { FastifyInstance, InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { InvitationStatusCache } from "../../../server/auth/invitation-status.ts";
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
    const answer = await server.inject(payload === undefined ? options : { ...options, payload });
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
  };
const as = async (claims: TokenClaims) => request(app, await createToken(SECRET, claims));

const invite = async (inviter: TokenClaims, room = "lab", body?: object) => {
  const made = await (await as(inviter))("POST", `/rooms/${room}/invitations`, body ?? {});
  expect(made).toMatchObject({ status: 201, headers: { "cache-control": "no-store" } });
  return made.body;
};
const ANN: TokenClaims = { sub: "ann", rooms: ["lab"] };
const ROOT: TokenClaims = { sub: "root", admin: true };
let count = 0;
const aJob = (name = `Job${++count}`) => ({ category: "chem", name, schema: { type: "object" } });

describe("who is invited", () => {
  test("is a user of its own, in that room alone", async () => {
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
    expect((await bob("PUT", "/rooms/lab/jobs", aJob())).status).toBe(201);
    for (const room of ["office", "@global"]) {
      expect((await bob("GET", `/rooms/${room}/jobs`)).status).toBe(403);
      expect((await bob("GET", `/rooms/${room}/events`)).status).toBe(403);
      expect((await bob("PUT", `/rooms/${room}/jobs`, aJob())).status).toBe(403);
      expect((await bob("GET", `/me?room_id=${room}`)).body.room).toMatchObject({
        read: false,
        write: false,
      });
    }
  });

  test("for certain jobs registers those and no others", async () => {
    const { token, jobs } = await invite(ANN, "lab", { jobs: ["chem:Mine", "chem:Mine"] });
    const bob = request(app, token);

    expect(jobs).toEqual(["chem:Mine"]);
    expect((await bob("PUT", "/rooms/lab/jobs", aJob("Mine"))).status).toBe(201);
    for (const other of [aJob("Other"), { ...aJob("Mine"), category: "phys" }]) {
      expect(await bob("PUT", "/rooms/lab/jobs", other)).toMatchObject({
        status: 403,
        body: { detail: expect.stringContaining("You are not allowed to register") },
      });
    }
  });

  test("cannot invite others", async () => {
    const { token } = await invite(ANN);

    expect((await request(app, token)("POST", "/rooms/lab/invitations", {})).status).toBe(403);
  });

  test("to @global, by an admin, registers there what is named, and is no admin", async () => {
    const { token } = await invite(ROOT, "@global", { jobs: ["chem:Everywhere"] });
    const bob = request(app, token);

    expect((await bob("PUT", "/rooms/@global/jobs", aJob("Everywhere"))).status).toBe(201);
    expect((await bob("PUT", "/rooms/@global/jobs", aJob())).status).toBe(403);
    expect((await bob("GET", "/rooms/lab/jobs")).status).toBe(403);
  });
});

describe("who invites", () => {
  test("gives no more than it has: no other room, no other job, no longer time", async () => {
    const limited = await as({ ...ANN, jobs: ["chem:Mine"], expiresInSeconds: 120 });

    expect((await limited("POST", "/rooms/office/invitations", {})).status).toBe(403);
    expect((await limited("POST", "/rooms/@global/invitations", {})).status).toBe(403);
    expect((await limited("POST", "/rooms/lab/invitations", { jobs: ["chem:Other"] })).status).toBe(403);
    const { body } = await limited("POST", "/rooms/lab/invitations", { expires_in_seconds: 3600 });
    expect(body.jobs).toEqual(["chem:Mine"]);
    expect(Date.parse(body.expires_at) - Date.now()).toBeLessThanOrEqual(120_000);
  });

  test.each([
    ["a time of nothing", { expires_in_seconds: 1 }, "/expires_in_seconds"],
    ["a year", { expires_in_seconds: 31_536_000 }, "/expires_in_seconds"],
    ["no jobs at all", { jobs: [] }, "/jobs"],
    ["a job's whole name", { jobs: ["public:chem:Mine"] }, "/jobs/0"],
  ])("is refused %s", async (_, body, pointer) => {
    const answer = await (await as(ANN))("POST", "/rooms/lab/invitations", body);

    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });

  test("sees a room's invitations, newest first, and never their tokens", async () => {
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

describe("a revoked invitation", () => {
  test("opens nothing from then on, and its workers' tasks are offered again", async () => {
    const { id, token } = await invite(ANN);
    const bob = request(app, token);
    const ann = await as(ANN);
    const { body: job } = await bob("PUT", "/rooms/lab/jobs", aJob());
    const own = await ann("PUT", "/rooms/lab/jobs", aJob(job.name));
    const submitted = await ann("POST", `/rooms/lab/tasks/${job.full_name}`, { max_attempts: 2 });
    expect((await bob("POST", "/tasks/claim", { worker_id: job.worker_id })).body.task).not.toBeNull();

    const revoked = await ann("DELETE", `/invitations/${id}`);

    expect(revoked).toMatchObject({ status: 200, body: { id, revoked_at: expect.any(String) } });
    expect((await bob("GET", "/me")).status).toBe(401);
    const claimed = await ann("POST", "/tasks/claim", { worker_id: own.body.worker_id });
    expect(claimed.body.task.id).toBe(submitted.body.id);
    expect((await ann("DELETE", `/invitations/${id}`)).body.revoked_at).toBe(revoked.body.revoked_at);
  });

  test("is so on another server of the database, too", async () => {
    const other = await createServer({ settings: settings({ jwt_secret: SECRET }) });
    onTestFinished(() => other.close());
    const { id, token } = await invite(ANN);
    await (await as(ANN))("DELETE", `/invitations/${id}`);

    expect((await request(other, token)("GET", "/me")).status).toBe(401);
  });

  test("is revoked by who made it or an admin", async () => {
    const { id } = await invite(ANN);

    expect((await (await as({ sub: "eve", rooms: "*" }))("DELETE", `/invitations/${id}`)).status).toBe(403);
    expect((await (await as(ROOT))("DELETE", `/invitations/${id}`)).status).toBe(200);
    for (const nothing of ["nothing", "01900000-0000-7000-8000-000000000000"]) {
      expect((await (await as(ROOT))("DELETE", `/invitations/${nothing}`)).status).toBe(404);
    }
  });

  test("is looked up once in a while, not with every request", async () => {
    let looks = 0;
    const status = new InvitationStatusCache({
      find: async () => {
        looks += 1;
        return undefined;
      },
    });

    expect([await status.isValid("a"), await status.isValid("a"), await status.isValid("b")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(looks).toBe(2);
  });
});

test("a token that was made up for an invitation that is none is nobody's", async () => {
  const id = "01900000-0000-7000-8000-000000000000";

  expect((await (await as({ sub: `invitation:${id}`, jti: id, rooms: "*" }))("GET", "/me")).status).toBe(401);
});

test("a server without a secret says that it signs no tokens", async () => {
  const orm = await openDatabase({ url: database_url });
  onTestFinished(() => orm.close());
  const local = await createServer({ settings: settings({}) });
  onTestFinished(() => local.close());

  const answer = await local.inject({
    method: "POST",
    url: `${API}/rooms/lab/invitations`,
    headers: { host: "localhost" },
    payload: {},
  });

  expect(answer.statusCode).toBe(409);
  expect(answer.json()).toMatchObject({
    type: "/v1/problems/no-invitations",
    detail: expect.stringContaining("JOBLIB_JWT_SECRET"),
  });
});

test("a server reports the state of its parts, and how its connections to them are secured", async () => {
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
