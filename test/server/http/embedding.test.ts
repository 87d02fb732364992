import Fastify from "fastify";
import { Redis } from "ioredis";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { joblib, SettingsError } from "../../../server/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { openLongPoll } from "./long-polls.ts";
import { expectProblem, ok, preferWait } from "./responses.ts";

const PREFIX = "/apps/jobs";
/** The maximum duration of a long poll. It is longer than the time limit of a test. */
const LONG_POLL_SECONDS = 60;

let api: Api;
beforeAll(async () => {
  api = await openApi({
    prefix: PREFIX,
    host: (app) => {
      app.get("/hello", async () => "from the host");
      app.get("/broken", async () => {
        throw new Error("an error of the host");
      });
      app.post("/echo", async ({ body }) => ({ body }));
      app.addContentTypeParser(
        "text/csv",
        { parseAs: "string" },
        async (_: unknown, text: string) => `csv ${text}`,
      );
      app.setErrorHandler((error, _, reply) => reply.code(500).send(`host: ${String(error)}`));
      app.setNotFoundHandler((_, reply) => reply.code(404).send("host: nothing here"));
      app.addHook("onSend", async (_, reply) => void reply.header("x-host", "yes"));
    },
  });
});
afterAll(() => api.close());

describe("plugin under a prefix", () => {
  test("the plugin under a prefix returns Location headers with the prefix", async () => {
    const room = newRoomId();
    const body = { category: "m", name: "J", schema: {} };

    const registered = await api.as("wes").put(`/rooms/${room}/jobs`, { body });
    const submitted = await api.as("ann").post(`/rooms/${room}/tasks/private:m:J`);

    expect(ok(registered, 201) && registered.headers["location"]).toBe(
      `${PREFIX}/v1/joblib/rooms/${room}/jobs/private:m:J`,
    );
    expect(ok(submitted, 202) && submitted.headers["location"]).toBe(
      `${PREFIX}/v1/joblib/tasks/${submitted.body.id}`,
    );
    const { statusCode } = await api.app.inject({
      url: String(submitted.headers["location"]),
      headers: { "x-user": "ann" },
    });
    expect(statusCode).toBe(200);
  });

  test("the plugin under a prefix returns problem types that have the prefix and are URLs of the problem catalogue", async () => {
    const responses = [
      [await api.as("ann").get("/nowhere"), "route-not-found"],
      [await api.as("ann").put("/workers"), "method-not-allowed"],
      [await api.as("ann").get("/tasks/none"), "task-not-found"],
      [await api.as("ann").get("/rooms/a/jobs?limit=x"), "validation-error"],
      [await api.as(undefined).get("/workers"), "unauthorized"],
    ] as const;

    for (const [response, id] of responses) {
      const { type } = expectProblem(response, id, PREFIX);
      expect((await api.app.inject(type)).json()).toMatchObject({ id, type });
    }
  });

  test("the plugin under a prefix returns problem types with the prefix in the results of a batch", async () => {
    const { worker, id } = await api.createTask("pending");
    const updates = [{ id, status: "completed" }];

    const { results } = ok(await api.as("wes").patch(`/workers/${worker}/tasks`, { body: { updates } }));

    expect(results[0]?.problem?.type).toBe(`${PREFIX}/v1/problems/task-lost`);
  });

  test("the plugin under a prefix does not respond outside the prefix", async () => {
    const response = await api.app.inject({ url: "/v1/joblib/workers", headers: { "x-user": "ann" } });

    expect(response.body).toBe("host: nothing here");
  });
});

describe("host", () => {
  test("the host keeps its own routes, its error handler and its 404 handler, also under the prefix of the plugin", async () => {
    const getText = async (url: string) => (await api.app.inject(url)).body;

    expect(await getText("/hello")).toBe("from the host");
    expect(await getText("/broken")).toBe("host: Error: an error of the host");
    for (const url of ["/nowhere", PREFIX, `${PREFIX}/nowhere`, `${PREFIX}/v1`, `${PREFIX}/v1/other`]) {
      expect(await getText(url)).toBe("host: nothing here");
    }
  });

  test("the host keeps its own body parsers, and joblib does not use them", async () => {
    const post = (url: string, type: string, payload: string) =>
      api.app.inject({ method: "POST", url, payload, headers: { "content-type": type, "x-user": "ann" } });

    expect((await post("/echo", "text/csv", "a,b")).json()).toEqual({ body: "csv a,b" });
    expect((await post("/echo", "application/json", '{"a":1e400}')).statusCode).toBe(200);
    const response = await post(`${PREFIX}/v1/joblib/workers`, "text/csv", "a,b");
    expect(response.json()).toMatchObject({
      status: 415,
      type: `${PREFIX}/v1/problems/unsupported-media-type`,
    });
  });

  test("the host runs its hooks for joblib's routes as well", async () => {
    expect((await api.as("ann").get("/workers")).headers["x-host"]).toBe("yes");
  });

  test("the host can reject a request in a hook, and joblib returns the rejection as a problem", async () => {
    const limited = Object.assign(new Error("slow down, 10.0.0.1"), { statusCode: 429 });
    const server = await openApi({
      orm: api.orm,
      host: (app) => {
        app.addHook("onRequest", async () => {
          throw limited;
        });
      },
    });

    const response = await server.as("ann").get("/workers");

    expectProblem(response, "rate-limited");
    expect(response.headers["retry-after"]).toBe("1");
    expect(response.text).not.toContain("10.0.0.1");
    await server.close();
  });
});

describe("closing the host", () => {
  test("closing the host makes joblib respond to its long polls", async () => {
    const server = await openApi({ orm: api.orm });
    const { id, worker } = await server.createTask("pending");
    const { id: idle } = await server.createWorker();
    const wait = preferWait(LONG_POLL_SECONDS);
    const polls = [
      await openLongPoll(() => server.as("ann").get(`/tasks/${id}`, wait)),
      await openLongPoll(() => server.as("wes").post("/tasks/claim", { body: { worker_id: idle }, ...wait })),
      await openLongPoll(() => server.as("wes").patch(`/workers/${worker}`, wait)),
    ];

    await server.close();

    for (const { response } of polls) expect((await response).status).toBe(200);
  });

  test("closing the host leaves the host's database and Redis open", async () => {
    const redis = new Redis(inject("redisUrl"));
    const server = await openApi({ orm: api.orm, redis });
    const { id } = await server.createTask("running");

    await server.close();

    expect(await redis.ping()).toBe("PONG");
    const { rows } = await server.query(sql`select status from joblib.task where id = ${id}::uuid`);
    expect(rows).toEqual([{ status: "running" }]);
    redis.disconnect();
  });
});

describe("options of the plugin", () => {
  const auth = { getCurrentUserId: () => "ann", getIsAdmin: () => false };
  const start = async (options: object) => {
    const app = Fastify({ routerOptions: { maxParamLength: 5000 } });
    // Calls `register` without a type check of the options, as a host in JavaScript does.
    await Reflect.apply(app.register, app, [joblib, options]);
  };

  test.each([
    ["orm", { ...auth }],
    ["orm", { ...auth, orm: {} }],
    ["getCurrentUserId", { getIsAdmin: auth.getIsAdmin }],
    ["getIsAdmin", { getCurrentUserId: auth.getCurrentUserId }],
    ["authorizeRoom", { ...auth, authorizeRoom: true }],
    ["redis", { ...auth, redis: "redis://localhost" }],
  ])("the options of the plugin are rejected if `%s` is missing or has the wrong type", async (name, options) => {
    const orm = name === "orm" ? {} : { orm: api.orm };

    await expect(start({ ...orm, ...options })).rejects.toThrow(`\`${name}\``);
  });

  test.each([
    ["worker_timeout_seconds", { worker_timeout_seconds: 0 }],
    ["jobNameStyle", { jobNameStyle: "long" }],
    ["nonsense", { nonsense: 1 }],
  ])("the options of the plugin are rejected with an error of one line if the setting %s is invalid", async (name, settings) => {
    const starting = start({ ...auth, orm: api.orm, settings });

    await expect(starting).rejects.toThrow(SettingsError);
    await expect(starting).rejects.toThrow(new RegExp(`^settings\\.${name}: .+$`));
  });
});
