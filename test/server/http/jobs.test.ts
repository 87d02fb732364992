import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const schema = { type: "object" };
const register = (room: string, body: object = {}, user = "wes") =>
  api.as(user).put(`/rooms/${room}/jobs`, { body: { category: "m", name: "J", schema, ...body } });
const readJob = (room: string, name = "private:m:J") => api.as("ann").get(`/rooms/${room}/jobs/${name}`);

describe("reading", () => {
  test("a room sees its own jobs and the global ones, newest first; no other room sees its own", async () => {
    const [room, other] = [newRoomId(), newRoomId()];
    ok(await register("@global", { name: "Everywhere" }, "root"), 201);
    ok(await register(room), 201);
    const namesIn = async (where: string) =>
      ok(await api.as("ann").get(`/rooms/${where}/jobs`)).items.map(({ full_name }) => full_name);

    expect((await namesIn(room))[0]).toBe("private:m:J");
    expect(await namesIn(room)).toContain("public:m:Everywhere");
    expect(await namesIn(other)).not.toContain("private:m:J");
    expect(await namesIn("@global")).not.toContain("private:m:J");
  });

  test("a job that is only read names no worker as who registered it", async () => {
    const room = newRoomId();
    ok(await register(room), 201);

    expect(ok(await readJob(room)).worker_id).toBeNull();
    expect(ok(await api.as("ann").get(`/rooms/${room}/jobs`)).items[0]?.worker_id).toBeNull();
  });

  test("a job lists its live workers alone", async () => {
    const room = newRoomId();
    const [first, second] = [ok(await register(room), 201), ok(await register(room), 200)];
    await api.ageWorker(first.worker_id);

    expect(ok(await readJob(room)).workers).toEqual([second.worker_id]);
  });

  test("the longest names are reached", async () => {
    const [category, name, room] = ["c".repeat(128), "n".repeat(128), encodeURIComponent("é".repeat(128))];
    ok(await register(room, { category, name }), 201);

    ok(await readJob(room, `${room}:${category}:${name}`));
  });

  test("lists have a window of 50 unless told otherwise, and none at all where 0 is asked for", async () => {
    const room = newRoomId();
    for (const name of ["A", "B", "C"]) ok(await register(room, { name }), 201);
    const list = async (query: string) => ok(await api.as("ann").get(`/rooms/${room}/jobs${query}`));

    expect(await list("")).toMatchObject({ limit: 50, offset: 0 });
    expect(await list("?limit=1&offset=1")).toMatchObject({ limit: 1, offset: 1, items: [{ name: "B" }] });
    expect((await list("?limit=0")).items).toEqual([]);
    expect((await list("?limit=0")).total).toBeGreaterThanOrEqual(3);
  });

  test("a job tells its backlog, and lists its tasks in that room alone", async () => {
    const [room, other] = [newRoomId(), newRoomId()];
    const job = await api.registerJob("@global", {}, "root");
    const { id } = await api.submit(room, job.full_name);
    await api.submit(other, job.full_name);

    const list = ok(await api.as("ann").get(`/rooms/${room}/jobs/${job.full_name}/tasks`));

    expect(list).toMatchObject({ total: 1, items: [{ id, job_name: job.full_name, queue_position: 1 }] });
    expect(ok(await readJob(room, job.full_name)).pending).toBe(2);
  });
});
