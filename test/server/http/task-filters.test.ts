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

const listTasks = async (room: string, query: string) =>
  parseBody(TaskPage, await api.as("rea").get(`/rooms/${room}/tasks?${query}`));
const listIds = async (room: string, query: string) =>
  (await listTasks(room, query)).items.map(({ id }) => id);

/**
 * Creates a room with two jobs. The room has a cancelled, a failed and a pending task, which belong
 * to two users.
 */
const createRoomWithTasks = async () => {
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

describe("tasks of a room", () => {
  test("the tasks of a room can be filtered by several statuses, separated by commas or in repeated parameters", async () => {
    const { room, cancelled, failed } = await createRoomWithTasks();

    expect(await listIds(room, "status=failed,cancelled")).toEqual([failed, cancelled]);
    expect(await listIds(room, "status=failed&status=cancelled")).toEqual([failed, cancelled]);
    expect(await listTasks(room, "status=failed,cancelled&limit=1")).toMatchObject({ total: 2 });
  });

  test("the tasks of a room can be filtered by job and by user", async () => {
    const { room, job, other, cancelled, failed, pending } = await createRoomWithTasks();

    expect(await listIds(room, `job=${job.full_name}`)).toEqual([pending, cancelled]);
    expect(await listIds(room, `job=${other.full_name}`)).toEqual([failed]);
    expect(await listIds(room, "created_by=wes")).toEqual([failed]);
    expect(await listIds(room, `created_by=ann&status=pending&job=${job.full_name}`)).toEqual([pending]);
    expect(await listIds(room, "created_by=nobody")).toEqual([]);
  });

  test("a filter by the name of a removed job returns the tasks of the removed job", async () => {
    const { room, job, worker, id } = await api.createTask("completed");
    ok(await api.as("wes").delete(`/workers/${worker}`), 204);
    expectProblem(await api.as("ann").get(`/rooms/${room}/jobs/${job.full_name}`), "job-not-found");
    expect(await listIds(room, `job=${job.full_name}`)).toEqual([id]);

    const { category, name, schema } = job;
    await api.registerJob(room, { category, name, schema });
    const { id: later } = await api.submit(room, job.full_name);
    const { id: otherJobsTask } = await api.submit(room, (await api.registerJob(room)).full_name);

    expect(await listIds(room, `job=${job.full_name}`)).toEqual([later, id]);
    expect(await listIds(room, "")).toEqual([otherJobsTask, later, id]);
  });

  test("a search finds tasks by the start of the id and by literal text of the error and the payload, ignoring case", async () => {
    const { room, cancelled, failed, pending } = await createRoomWithTasks();

    expect(await listIds(room, `q=${failed.slice(0, 30).toUpperCase()}`)).toEqual([failed]);
    expect(await listIds(room, "q=cco")).toEqual([cancelled]);
    expect(await listIds(room, "q=disk_SPACE")).toEqual([failed]);
    expect(await listIds(room, "q=disk.space")).toEqual([]);
    expect(await listIds(room, `q=${encodeURIComponent("0%_o")}`)).toEqual([pending]);
    expect(await listIds(room, `q=${encodeURIComponent("\\")}`)).toEqual([]);
    expect(await listIds(room, `q=${encodeURIComponent("'; drop table joblib.task; --")}`)).toEqual([]);
    expect(await listTasks(room, "q=cco")).toMatchObject({ total: 1, searched_to: null });
  });

  test("a search finds a task of the room by its full id", async () => {
    const { room, failed } = await createRoomWithTasks();

    expect(await listTasks(room, `q=${failed}`)).toMatchObject({ total: 1, items: [{ id: failed }] });
    expect(await listIds(newRoomId(), `q=${failed}`)).toEqual([]);
    expect(await listIds(room, `q=${failed}&status=pending`)).toEqual([]);
  });

  test("a filtered list of tasks can be read from the position after a task", async () => {
    const { room, job, cancelled, pending } = await createRoomWithTasks();
    const query = `job=${job.full_name}&created_by=ann`;

    expect(await listIds(room, `${query}&limit=1`)).toEqual([pending]);
    expect(await listIds(room, `${query}&limit=1&after=${pending}`)).toEqual([cancelled]);
    expect(await listTasks(room, `${query}&after=${cancelled}`)).toMatchObject({
      items: [],
      searched_to: null,
    });
  });

  test("the response with a list of tasks contains searched_to only for a search", async () => {
    const { room } = await createRoomWithTasks();

    expect(await listTasks(room, "")).not.toHaveProperty("searched_to");
    expect(await listTasks(room, "status=failed&limit=1")).not.toHaveProperty("searched_to");
  });

  test("the tasks of one job can be filtered in the same way as the tasks of a room", async () => {
    const { room, job, cancelled } = await createRoomWithTasks();
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
  ])("the tasks of a room cannot be listed with ?%s", async (query) => {
    const response = await api.as("rea").get(`/rooms/${newRoomId()}/tasks?${query}`);

    expect(getErrorPointers(response)[0]).toMatch(new RegExp(`^/${query.split("=")[0]}`));
  });

  test("the tasks of a room cannot be filtered by an invalid or unknown job name", async () => {
    expectProblem(await api.as("rea").get(`/rooms/${newRoomId()}/tasks?job=Rotate`), "invalid-job-name");
    expectProblem(await api.as("rea").get(`/rooms/${newRoomId()}/tasks?job=public:a:b`), "job-not-found");
  });
});
