import Fastify from "fastify";
import { Redis } from "ioredis";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { joblib, SettingsError } from "../../../server/index.ts";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok, preferWait, timed } from "./responses.ts";

const PREFIX = "/apps/jobs";

let api: Api;
beforeAll(async () => {
  api = await openApi({
    prefix: PREFIX,
    host: (app) => {
      app.get("/hello", async () => "the host's own");
      app.get("/broken", async () => {
        throw new Error("the host's own trouble");
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

describe("under a prefix", () => {
  test("every address that is answered carries it", async () => {
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

  test("so do the types of problems, and lead to what describes them", async () => {
    const answers = [
      [await api.as("ann").get("/nowhere"), "route-not-found"],
      [await api.as("ann").put("/workers"), "method-not-allowed"],
      [await api.as("ann").get("/tasks/none"), "task-not-found"],
      [await api.as("ann").get("/rooms/a/jobs?limit=x"), "validation-error"],
      [await api.as(undefined).get("/workers"), "unauthorized"],
    ] as const;

    for (const [answer, id] of answers) {
      const { type } = expectProblem(answer, id, PREFIX);
      expect((await api.app.inject(type)).json()).toMatchObject({ id, type });
    }
  });

  test("and those in the answer to many updates", async () => {
    const { worker, id } = await api.createTask("pending");
    const updates = [{ id, status: "completed" }];

    const { results } = ok(await api.as("wes").patch(`/workers/${worker}/tasks`, { body: { updates } }));

    expect(results[0]?.problem?.type).toBe(`${PREFIX}/v1/problems/task-lost`);
  });

  test("nothing is mounted without it", async () => {
    const answer = await api.app.inject({ url: "/v1/joblib/workers", headers: { "x-user": "ann" } });

    expect(answer.body).toBe("host: nothing here");
  });
});

describe("what is the host's stays the host's", () => {
  test("its routes, its errors and its unknown addresses, also beside ours under the prefix", async () => {
    const bodyOf = async (url: string) => (await api.app.inject(url)).body;

    expect(await bodyOf("/hello")).toBe("the host's own");
    expect(await bodyOf("/broken")).toBe("host: Error: the host's own trouble");
    for (const url of ["/nowhere", PREFIX, `${PREFIX}/nowhere`, `${PREFIX}/v1`, `${PREFIX}/v1/other`]) {
      expect(await bodyOf(url)).toBe("host: nothing here");
    }
  });

  test("its bodies: what we refuse it may take, and what it takes we refuse", async () => {
    const post = (url: string, type: string, payload: string) =>
      api.app.inject({ method: "POST", url, payload, headers: { "content-type": type, "x-user": "ann" } });

    expect((await post("/echo", "text/csv", "a,b")).json()).toEqual({ body: "csv a,b" });
    expect((await post("/echo", "application/json", '{"a":1e400}')).statusCode).toBe(200);
    const ours = await post(`${PREFIX}/v1/joblib/workers`, "text/csv", "a,b");
    expect(ours.json()).toMatchObject({ status: 415, type: `${PREFIX}/v1/problems/unsupported-media-type` });
  });

  test("its hooks, which run for ours as well", async () => {
    expect((await api.as("ann").get("/workers")).headers["x-host"]).toBe("yes");
  });

  test("what it refuses in a hook, which we answer as a problem", async () => {
    const limited = Object.assign(new Error("slow down, 10.0.0.1"), { statusCode: 429 });
    const own = await openApi({
      orm: api.orm,
      host: (app) => {
        app.addHook("onRequest", async () => {
          throw limited;
        });
      },
    });

    const answer = await own.as("ann").get("/workers");

    expectProblem(answer, "rate-limited");
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.text).not.toContain("10.0.0.1");
    await own.close();
  });
});

describe("closing the host", () => {
  test("answers whoever waits, at once", async () => {
    const own = await openApi({ orm: api.orm });
    const { id, worker } = await own.createTask("pending");
    const { id: idle } = await own.createWorker();
    for (const one of [worker, idle]) await own.ageWorker(one);
    const held = timed(
      Promise.all([
        own.as("ann").get(`/tasks/${id}`, preferWait(30)),
        own.as("wes").post("/tasks/claim", { body: { worker_id: idle }, ...preferWait(30) }),
        own.as("wes").patch(`/workers/${worker}`, preferWait(30)),
      ]),
    );
    // The last of them have been heard of: all of them wait.
    const areHeard = async () => {
      const { items } = ok(await own.as("root").get("/workers?limit=500"));
      return items.filter((one) => [worker, idle].includes(one.id) && one.alive).length === 2;
    };
    await eventually(areHeard);

    await own.close();

    const { value, ms } = await held;
    expect(value.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(ms).toBeLessThan(10_000);
  });

  test("leaves its database and its Redis open", async () => {
    const redis = new Redis(inject("redisUrl"));
    const own = await openApi({ orm: api.orm, redis });
    const { id } = await own.createTask("running");

    await own.close();

    expect(await redis.ping()).toBe("PONG");
    const { rows } = await own.query(sql`select status from joblib.task where id = ${id}::uuid`);
    expect(rows).toEqual([{ status: "running" }]);
    redis.disconnect();
  });
});

describe("what the host hands over is checked at its start", () => {
  const auth = { getCurrentUserId: () => "ann", getIsAdmin: () => false };
  const start = async (options: object) => {
    const app = Fastify({ routerOptions: { maxParamLength: 5000 } });
    // As JavaScript would: without the compiler's word on the options.
    await Reflect.apply(app.register, app, [joblib, options]);
  };

  test.each([
    ["orm", { ...auth }],
    ["orm", { ...auth, orm: {} }],
    ["getCurrentUserId", { getIsAdmin: auth.getIsAdmin }],
    ["getIsAdmin", { getCurrentUserId: auth.getCurrentUserId }],
    ["authorizeRoom", { ...auth, authorizeRoom: true }],
    ["redis", { ...auth, redis: "redis://localhost" }],
  ])("%s", async (name, options) => {
    const orm = name === "orm" ? {} : { orm: api.orm };

    await expect(start({ ...orm, ...options })).rejects.toThrow(`\`${name}\``);
  });

  test.each([
    ["worker_timeout_threshold", { worker_timeout_threshold: 0 }],
    ["jobNameStyle", { jobNameStyle: "long" }],
    ["nonsense", { nonsense: 1 }],
  ])("the setting %s, in one line", async (name, settings) => {
    const starting = start({ ...auth, orm: api.orm, settings });

    await expect(starting).rejects.toThrow(SettingsError);
    await expect(starting).rejects.toThrow(new RegExp(`^settings\\.${name}: .+$`));
  });
});
