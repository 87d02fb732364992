import { MikroORM } from "@mikro-orm/postgresql";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import * as z from "zod";
import { Extension, ForbiddenError, JobManager, UnauthorizedError } from "../../sdk/index.ts";
import { entities, joblib, migrate } from "../../server/index.ts";
import { createDatabase } from "../support/postgres.ts";

class Double extends Extension("math", { value: z.number() }) {
  async run(offset: number) {
    return this.value * 2 + offset;
  }
}

const anonymous = { id: null, admin: false, rooms: [] as string[] };
const USERS: Record<string, { id: string | null; admin: boolean; rooms: string[] }> = {
  "Bearer ann": { id: "ann", admin: false, rooms: ["lab"] },
  "Bearer bob": { id: "bob", admin: false, rooms: ["other"] },
};

let orm: MikroORM;
let app: FastifyInstance;
let url = "";

beforeAll(async () => {
  orm = await MikroORM.init({
    clientUrl: await createDatabase(inject("postgresUrl")),
    entities: [...entities],
  });
  await migrate(orm);
  app = Fastify({ routerOptions: { maxParamLength: 2000 } });
  const findUser = (authorization = "") => USERS[authorization] ?? anonymous;
  await app.register(joblib, {
    prefix: "/api",
    orm,
    getCurrentUserId: ({ headers }) => findUser(headers.authorization).id,
    getIsAdmin: ({ headers }) => findUser(headers.authorization).admin,
    authorizeRoom: ({ headers }, room) =>
      room === "@global" || findUser(headers.authorization).rooms.includes(room),
  });
  app.get("/hello", async () => "the host's route");
  url = `${await app.listen({ port: 0 })}/api`;
});

afterAll(async () => {
  await app.close();
  await orm.close();
});

test("a worker and a submitter use joblib inside a host with the host's authentication", async () => {
  await using jobs = new JobManager({ url, token: "ann", room: "lab" }, 1);
  jobs.register(Double);
  await jobs.ready();
  const stop = new AbortController();
  const working = jobs.run({ signal: stop.signal });

  const task = await jobs.submit(new Double({ value: 20 }), { room: "lab" });
  const done = await jobs.client.awaitTask(task.id, { wait: 10 });

  expect(done).toMatchObject({ status: "completed", result: 41, created_by_id: "ann" });
  stop.abort();
  await working;
});

test("the host decides which users have access to a room", async () => {
  await using bobs = new JobManager({ url, token: "bob", room: "lab" }, 1);
  bobs.register(Double);

  await expect(bobs.ready()).rejects.toThrow(ForbiddenError);
});

test("a request without credentials gets a problem, and the host's own routes keep their behaviour", async () => {
  await using anonymousJobs = new JobManager({ url, room: "lab" }, 1);
  anonymousJobs.register(Double);

  await expect(anonymousJobs.ready()).rejects.toThrow(UnauthorizedError);
  expect((await app.inject("/hello")).body).toBe("the host's route");
  expect((await app.inject("/nowhere")).headers["content-type"]).toMatch("application/json");
});
