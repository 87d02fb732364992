import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Greet } from "../../examples/greet.ts";
import { createApp } from "../../examples/web-app/app.ts";
import { type Database, openDatabase } from "../../examples/web-app/database.ts";
import { ForbiddenError, JobManager, UnauthorizedError } from "../../sdk/index.ts";
import { createDatabase } from "../support/postgres.ts";

const databases = [
  { name: "with an in-memory database", databaseUrl: async () => undefined },
  { name: "with PostgreSQL", databaseUrl: () => createDatabase(inject("postgresUrl")) },
];

describe.each(databases)("the example's web application $name", ({ databaseUrl }) => {
  let orm: Database;
  let app: Awaited<ReturnType<typeof createApp>>;
  let address = "";
  let ada = "";
  let bob = "";

  const send = (method: "POST" | "PUT", path: string, key?: string) =>
    fetch(`${address}${path}`, {
      method,
      ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
    });
  const createManager = (token?: string) => new JobManager({ url: `${address}/api`, token, room: "lab" });

  beforeAll(async () => {
    orm = await openDatabase(await databaseUrl());
    app = await createApp(orm);
    address = await app.listen({ port: 0 });
    ada = await (await send("POST", "/users/ada")).text();
    bob = await (await send("POST", "/users/bob")).text();
    expect((await send("PUT", "/rooms/lab/members/ada", ada)).status).toBe(204);
  });

  afterAll(async () => {
    await app.close();
    await orm.close();
  });

  test("a member's worker runs a member's task", async () => {
    await using jobs = createManager(ada);
    jobs.register(Greet);
    await jobs.ready();
    const stop = new AbortController();
    const working = jobs.run({ signal: stop.signal });

    const task = await jobs.submit(new Greet({ name: "Ada" }), { room: "lab" });
    const done = await jobs.client.awaitTask(task.id, { wait: 20 });

    expect(done).toMatchObject({
      status: "completed",
      result: { greeting: "Hello, Ada!" },
      created_by_id: "ada",
    });
    stop.abort();
    await working;
  });

  test("a user who is not a member gets 403 for listing jobs, submitting a task and registering a job", async () => {
    await using bobs = createManager(bob);
    bobs.register(Greet);

    await expect(bobs.ready()).rejects.toThrow(ForbiddenError);
    await expect(bobs.submit(new Greet({ name: "Bob" }), { room: "lab" })).rejects.toThrow(ForbiddenError);
    await expect(bobs.client.call("listJobs", { params: { room_id: "lab" } })).rejects.toThrow(
      ForbiddenError,
    );
    const { body } = await bobs.client.call("listRooms", {});
    expect(body.items.map(({ room_id }) => room_id)).toEqual(["@global"]);
  });

  test("a request without a valid key gets 401", async () => {
    await using anonymous = createManager();
    await using guessed = createManager("ada");

    await expect(anonymous.client.call("listRooms", {})).rejects.toThrow(UnauthorizedError);
    await expect(guessed.client.call("listRooms", {})).rejects.toThrow(UnauthorizedError);
  });

  test("a user cannot register with an existing name or join another user's room", async () => {
    expect((await send("POST", "/users/ada")).status).toBe(409);
    expect((await send("PUT", "/rooms/lab/members/bob", bob)).status).toBe(403);
    expect((await send("PUT", "/rooms/lab/members/bob")).status).toBe(401);
  });

  test("the dashboard is served under the plugin's prefix", async () => {
    const answer = await fetch(`${address}/api/dashboard`, { headers: { accept: "text/html" } });

    expect(answer.headers.get("content-type")).toContain("text/html");
    expect(await answer.text()).toContain("joblib");
  });

  test("the schema generator finds no difference between the database and the entities of the application and of joblib", async () => {
    expect(await orm.schema.getUpdateSchemaSQL()).toBe("");
  });
});

test("a restart of the example's web application does not change joblib's tables", async () => {
  const url = await createDatabase(inject("postgresUrl"));
  const indexes = async (orm: Database) => {
    const names = sql<{
      name: string;
    }>`select indexname as name from pg_indexes where schemaname = 'joblib' order by 1`;
    return (await names.execute(orm.em.fork().getKysely())).rows;
  };
  const first = await openDatabase(url);
  const before = await indexes(first);
  await first.close();

  const second = await openDatabase(url);
  const after = await indexes(second);
  await second.close();

  expect(before.length).toBeGreaterThan(10);
  expect(after).toEqual(before);
});
