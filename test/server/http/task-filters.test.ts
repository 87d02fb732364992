import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TaskPage } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok, parseBody } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const page = async (room: string, query: string) =>
  parseBody(TaskPage, await api.as("rea").get(`/rooms/${room}/tasks?${query}`));
const ids = async (room: string, query: string) => (await page(room, query)).items.map(({ id }) => id);

/** Two jobs of a room with tasks of two users: cancelled, failed, pending, and one of a user with a strange name. */
const aFullRoom = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const other = await api.registerJob(room);
  const cancelled = await api.submit(room, job.full_name, { payload: { smiles: "CCO" } });
  ok(await api.update(cancelled.id, { status: "cancelled" }, "ann"));
  const failed = await api.submit(room, other.full_name, { payload: { n: 1 } }, "wes");
  await api.claim(other.worker_id, { start: true });
  ok(await api.update(failed.id, { status: "failed", error: "100% of the Disk_space is used" }));
  const pending = await api.submit(room, job.full_name, { payload: { text: "50%_off" } });
  return { room, job, other, cancelled: cancelled.id, failed: failed.id, pending: pending.id };
};

describe("a room's tasks", () => {
  test("of several statuses come by commas or by repetition", async () => {
    const { room, cancelled, failed } = await aFullRoom();

    expect(await ids(room, "status=failed,cancelled")).toEqual([failed, cancelled]);
    expect(await ids(room, "status=failed&status=cancelled")).toEqual([failed, cancelled]);
    expect(await page(room, "status=failed,cancelled&limit=1")).toMatchObject({ total: 2 });
  });

  test("of one job, and of one user", async () => {
    const { room, job, other, cancelled, failed, pending } = await aFullRoom();

    expect(await ids(room, `job=${job.full_name}`)).toEqual([pending, cancelled]);
    expect(await ids(room, `job=${other.full_name}`)).toEqual([failed]);
    expect(await ids(room, "created_by=wes")).toEqual([failed]);
    expect(await ids(room, `created_by=ann&status=pending&job=${job.full_name}`)).toEqual([pending]);
    expect(await ids(room, "created_by=nobody")).toEqual([]);
  });

  test("of a job that was removed and registered anew are all those under its name", async () => {
    const { room, job, worker, id } = await api.createTask("completed");
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);
    expectProblem(await api.as("ann").get(`/rooms/${room}/jobs/${job.full_name}`), "job-not-found");
    expect(await ids(room, `job=${job.full_name}`)).toEqual([id]);

    const { category, name, schema } = job;
    await api.registerJob(room, { category, name, schema });
    const { id: later } = await api.submit(room, job.full_name);
    const { id: elsewhere } = await api.submit(room, (await api.registerJob(room)).full_name);

    expect(await ids(room, `job=${job.full_name}`)).toEqual([later, id]);
    expect(await ids(room, "")).toEqual([elsewhere, later, id]);
  });

  test("are searched by the beginning of an id, in the error and in the payload, in any case, sign for sign", async () => {
    const { room, cancelled, failed, pending } = await aFullRoom();

    expect(await ids(room, `q=${failed.slice(0, 30).toUpperCase()}`)).toEqual([failed]);
    expect(await ids(room, "q=cco")).toEqual([cancelled]);
    expect(await ids(room, "q=disk_SPACE")).toEqual([failed]);
    expect(await ids(room, "q=disk.space")).toEqual([]);
    expect(await ids(room, `q=${encodeURIComponent("0%_o")}`)).toEqual([pending]);
    expect(await ids(room, `q=${encodeURIComponent("\\")}`)).toEqual([]);
    expect(await ids(room, `q=${encodeURIComponent("'; drop table joblib.task; --")}`)).toEqual([]);
    expect(await page(room, "q=cco")).toMatchObject({ total: 1, searched_to: null });
  });

  test("searched for a whole id, give that task, unless it is another room's", async () => {
    const { room, failed } = await aFullRoom();

    expect(await page(room, `q=${failed}`)).toMatchObject({ total: 1, items: [{ id: failed }] });
    expect(await ids(newRoomId(), `q=${failed}`)).toEqual([]);
    expect(await ids(room, `q=${failed}&status=pending`)).toEqual([]);
  });

  test("go on behind a task with the same filter", async () => {
    const { room, job, cancelled, pending } = await aFullRoom();
    const query = `job=${job.full_name}&created_by=ann`;

    expect(await ids(room, `${query}&limit=1`)).toEqual([pending]);
    expect(await ids(room, `${query}&limit=1&after=${pending}`)).toEqual([cancelled]);
    expect(await page(room, `${query}&after=${cancelled}`)).toMatchObject({ items: [], searched_to: null });
  });

  test("say nothing of a search where there is none", async () => {
    const { room } = await aFullRoom();

    expect(await page(room, "")).not.toHaveProperty("searched_to");
    expect(await page(room, "status=failed&limit=1")).not.toHaveProperty("searched_to");
  });

  test("of one job take the same filters but for the job", async () => {
    const { room, job, cancelled } = await aFullRoom();
    const { items } = ok(
      await api.as("rea").get(`/rooms/${room}/jobs/${job.full_name}/tasks?status=cancelled,failed&q=CCO`),
    );

    expect(items.map(({ id }: { id: string }) => id)).toEqual([cancelled]);
  });

  test.each([
    "status=failed,nonsense",
    "status=",
    "q=%20",
    `q=${"x".repeat(201)}`,
    "q=a%00b",
    "created_by=",
    "created_by=%00",
    "job=",
  ])("with ?%s are 422", async (query) => {
    const answer = await api.as("rea").get(`/rooms/${newRoomId()}/tasks?${query}`);

    expect(getErrorPointers(answer)[0]).toMatch(new RegExp(`^/${query.split("=")[0]}`));
  });

  test("of a job that is none, or that never was, are told so", async () => {
    expectProblem(await api.as("rea").get(`/rooms/${newRoomId()}/tasks?job=Rotate`), "invalid-job-name");
    expectProblem(await api.as("rea").get(`/rooms/${newRoomId()}/tasks?job=public:a:b`), "job-not-found");
  });
});
