import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { BulkOutcome } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { LONG_WAIT_SECONDS, LONG_WAIT_SETTINGS, NEVER_MS, openLongPoll } from "./long-polls.ts";
import { expectProblem, getErrorPointers, ok, parseBody, preferWait } from "./responses.ts";

// Turns polling off, so that only an event can end a long poll early.
vi.mock("../../../server/state/long-poll.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  getPollInterval: () => NEVER_MS,
}));

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: LONG_WAIT_SETTINGS });
});
afterAll(() => api.close());

const LONG_WAIT = preferWait(LONG_WAIT_SECONDS);
const bulk = async (room: string, operation: "cancel" | "retry", body: object, user = "ann") =>
  parseBody(BulkOutcome, await api.as(user).post(`/rooms/${room}/bulk/${operation}`, { body }));

/** Creates a room with a job. Each of two users has `count` pending tasks. */
const createBusyRoom = async (count = 2) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const tasks = Array.from({ length: count }, () => ({ job_name: job.full_name }));
  const submit = async (user: string) =>
    ok(await api.as(user).post(`/rooms/${room}/tasks`, { body: { tasks } }), 202).tasks.map(({ id }) => id);
  return { room, job, own: await submit("ann"), others: await submit("wes") };
};

const getStatuses = async (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await api.readTask(id)).status));

describe("bulk cancel", () => {
  test("a bulk cancel only counts tasks in a dry run, and otherwise cancels only the caller's tasks", async () => {
    const { room, own, others } = await createBusyRoom();
    const filter = { status: ["pending"] };

    const counted = { matched: 4, changed: 2, skipped: 2, more: false, after: null };
    expect(await bulk(room, "cancel", { filter, dry_run: true })).toEqual(counted);
    expect(await getStatuses(own)).toEqual(["pending", "pending"]);

    expect(await bulk(room, "cancel", { filter })).toEqual(counted);
    expect(await getStatuses(own)).toEqual(["cancelled", "cancelled"]);
    expect(await getStatuses(others)).toEqual(["pending", "pending"]);
    expect(await bulk(room, "cancel", { filter })).toMatchObject({ matched: 2, changed: 0, skipped: 2 });
  });

  test("a bulk cancel by an admin cancels the tasks of all users, except terminal tasks", async () => {
    const { room, own, others } = await createBusyRoom();
    ok(await api.update(own[0] ?? "", { status: "cancelled" }, "ann"));

    expect(await bulk(room, "cancel", { filter: {} }, "root")).toMatchObject({ matched: 3, changed: 3 });
    expect(new Set(await getStatuses([...own, ...others]))).toEqual(new Set(["cancelled"]));
    expect(await bulk(room, "cancel", { filter: { status: ["completed"] } }, "root")).toMatchObject({
      matched: 0,
      changed: 0,
    });
  });

  test("a bulk cancel selects tasks by id and ignores ids of other rooms", async () => {
    const { room, own } = await createBusyRoom();
    const otherRoom = await createBusyRoom(1);
    const ids = [own[1] ?? "", otherRoom.own[0] ?? "", "no-uuid", crypto.randomUUID()];

    expect(await bulk(room, "cancel", { filter: { ids } })).toMatchObject({ matched: 1, changed: 1 });
    expect(await getStatuses([...own, ...otherRoom.own])).toEqual(["pending", "cancelled", "pending"]);
  });

  test("a bulk cancel ends the waiting heartbeats of the workers and the long polls for the tasks", async () => {
    const { id, worker, room } = await api.createTask("running");
    const heartbeat = await openLongPoll(() =>
      api.as("wes").patch(`/workers/${worker}`, { body: { tasks: [id] }, ...LONG_WAIT }),
    );
    const read = await openLongPoll(() => api.as("ann").get(`/tasks/${id}`, LONG_WAIT));

    await bulk(room, "cancel", { filter: { q: id } });

    expect(ok(await heartbeat.response).stop).toEqual([{ task_id: id, reason: "cancelled" }]);
    expect(ok(await read.response).status).toBe("cancelled");
  });

  test("a bulk cancel changes at most 1,000 tasks per request and returns where the next request continues", async () => {
    const { room } = await createBusyRoom(600);

    const first = await bulk(room, "cancel", { filter: {} }, "root");
    expect(first).toMatchObject({ matched: 1000, changed: 1000, skipped: 0, more: true });
    const last = await bulk(room, "cancel", { filter: {}, after: first.after }, "root");
    expect(last).toMatchObject({ matched: 200, changed: 200, more: false, after: null });
  });
});

describe("bulk retry", () => {
  test("a bulk retry retries failed and cancelled tasks in their original order", async () => {
    const { room, job, own } = await createBusyRoom(3);
    for (const id of [own[2], own[0], own[1]]) ok(await api.update(id ?? "", { status: "cancelled" }, "ann"));
    await bulk(room, "cancel", { filter: { created_by: "wes" } }, "root");

    expect(await bulk(room, "retry", { filter: {}, dry_run: true })).toMatchObject({
      matched: 6,
      changed: 3,
    });
    expect(await bulk(room, "retry", { filter: { job: job.full_name } })).toMatchObject({
      changed: 3,
      skipped: 3,
    });

    const claimed = [];
    for (let count = 0; count < 3; count += 1) claimed.push((await api.claim(job.worker_id)).id);
    expect(claimed).toEqual(own);
  });

  test("a bulk retry wakes waiting claims", async () => {
    const { room, worker, id } = await api.createTask("failed");
    const claim = await openLongPoll(() =>
      api.as("wes").post("/tasks/claim", { body: { worker_id: worker }, ...LONG_WAIT }),
    );

    expect(await bulk(room, "retry", { filter: { status: ["failed"] } })).toMatchObject({ changed: 1 });

    expect(ok(await claim.response).task.id).toBe(id);
  });

  test("a bulk retry skips tasks whose payload no longer matches the schema and tasks whose job was removed", async () => {
    const { room, id, job } = await api.createTask("failed", { task: { payload: { n: 1 } } });
    await api.query(sql`update joblib.job set schema_hash = 'other', written_schema = null,
      schema = '{"type":"object","properties":{"n":{"type":"string"}}}' where id = ${job.id}::uuid`);
    expect(await bulk(room, "retry", { filter: {} })).toMatchObject({ matched: 1, changed: 0, skipped: 1 });

    const orphan = await api.createTask("failed");
    ok(await api.as("wes").delete(`/workers/${orphan.worker}`), 204);
    expect(await bulk(orphan.room, "retry", { filter: {} })).toMatchObject({
      matched: 1,
      changed: 0,
      skipped: 1,
    });
    expect(await getStatuses([id, orphan.id])).toEqual(["failed", "failed"]);
  });
});

test("a bulk request that is invalid is rejected with pointers to the errors", async () => {
  const send = (body: object) => api.as("ann").post(`/rooms/${newRoomId()}/bulk/cancel`, { body });

  expect(getErrorPointers(await send({}))).toEqual(["/filter"]);
  expect(getErrorPointers(await send({ filter: { status: ["gone"] } }))).toEqual(["/filter/status/0"]);
  expect(getErrorPointers(await send({ filter: { ids: [] } }))).toEqual(["/filter/ids"]);
  expect(getErrorPointers(await send({ filter: {}, after: "nothing" }))).toEqual(["/after"]);
  expectProblem(await send({ filter: { job: "public:a:b" } }), "job-not-found");
});
