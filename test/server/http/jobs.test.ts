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

describe("job queries", () => {
  test("the list of a room's jobs contains its own jobs and the public jobs, newest first, and no jobs of other rooms", async () => {
    const [room, other] = [newRoomId(), newRoomId()];
    ok(await register("@global", { name: "Everywhere" }, "root"), 201);
    ok(await register(room), 201);
    const listJobNames = async (where: string) =>
      ok(await api.as("ann").get(`/rooms/${where}/jobs`)).items.map(({ full_name }) => full_name);

    expect((await listJobNames(room))[0]).toBe("private:m:J");
    expect(await listJobNames(room)).toContain("public:m:Everywhere");
    expect(await listJobNames(other)).not.toContain("private:m:J");
    expect(await listJobNames("@global")).not.toContain("private:m:J");
  });

  test("a job has null as worker_id, because only the response to a registration has a worker_id", async () => {
    const room = newRoomId();
    ok(await register(room), 201);

    expect(ok(await readJob(room)).worker_id).toBeNull();
    expect(ok(await api.as("ann").get(`/rooms/${room}/jobs`)).items[0]?.worker_id).toBeNull();
  });

  test("a job has only its live workers", async () => {
    const room = newRoomId();
    const [first, second] = [ok(await register(room), 201), ok(await register(room), 200)];
    await api.ageWorker(first.worker_id);

    expect(ok(await readJob(room)).workers).toEqual([second.worker_id]);
  });

  test("a job can be requested by a path with names of the maximum length", async () => {
    const [category, name, room] = ["c".repeat(128), "n".repeat(128), encodeURIComponent("é".repeat(128))];
    ok(await register(room, { category, name }), 201);

    ok(await readJob(room, `${room}:${category}:${name}`));
  });

  test("the list of a room's jobs has 50 items by default, and no items with a limit of 0", async () => {
    const room = newRoomId();
    for (const name of ["A", "B", "C"]) ok(await register(room, { name }), 201);
    const list = async (query: string) => ok(await api.as("ann").get(`/rooms/${room}/jobs${query}`));

    expect(await list("")).toMatchObject({ limit: 50, offset: 0 });
    expect(await list("?limit=1&offset=1")).toMatchObject({ limit: 1, offset: 1, items: [{ name: "B" }] });
    expect((await list("?limit=0")).items).toEqual([]);
    expect((await list("?limit=0")).total).toBeGreaterThanOrEqual(3);
  });

  test("a public job counts its pending tasks in all rooms, and its task list contains the tasks of one room", async () => {
    const [room, other] = [newRoomId(), newRoomId()];
    const job = await api.registerJob("@global", {}, "root");
    const { id } = await api.submit(room, job.full_name);
    await api.submit(other, job.full_name);

    const list = ok(await api.as("ann").get(`/rooms/${room}/jobs/${job.full_name}/tasks`));

    expect(list).toMatchObject({ total: 1, items: [{ id, job_name: job.full_name, queue_position: 1 }] });
    expect(ok(await readJob(room, job.full_name)).pending).toBe(2);
  });
});
