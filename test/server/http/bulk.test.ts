import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BulkOutcome } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok, parseBody, preferWait, timed } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const bulk = async (room: string, what: "cancel" | "retry", body: object, user = "ann") =>
  parseBody(BulkOutcome, await api.as(user).post(`/rooms/${room}/bulk/${what}`, { body }));

/** A room with a job, and so many pending tasks of each of two users. */
const aBusyRoom = async (count = 2) => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const tasks = Array.from({ length: count }, () => ({ job_name: job.full_name }));
  const submit = async (user: string) =>
    ok(await api.as(user).post(`/rooms/${room}/tasks`, { body: { tasks } }), 202).tasks.map(({ id }) => id);
  return { room, job, own: await submit("ann"), others: await submit("wes") };
};

const statuses = async (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await api.readTask(id)).status));

describe("cancelling many", () => {
  test("counts first and changes nothing, then cancels the caller's own", async () => {
    const { room, own, others } = await aBusyRoom();
    const filter = { status: ["pending"] };

    const counted = { matched: 4, changed: 2, skipped: 2, more: false, after: null };
    expect(await bulk(room, "cancel", { filter, dry_run: true })).toEqual(counted);
    expect(await statuses(own)).toEqual(["pending", "pending"]);

    expect(await bulk(room, "cancel", { filter })).toEqual(counted);
    expect(await statuses(own)).toEqual(["cancelled", "cancelled"]);
    expect(await statuses(others)).toEqual(["pending", "pending"]);
    expect(await bulk(room, "cancel", { filter })).toMatchObject({ matched: 2, changed: 0, skipped: 2 });
  });

  test("is an admin's for all, and leaves alone what has ended", async () => {
    const { room, own, others } = await aBusyRoom();
    ok(await api.update(own[0] ?? "", { status: "cancelled" }, "ann"));

    expect(await bulk(room, "cancel", { filter: {} }, "root")).toMatchObject({ matched: 3, changed: 3 });
    expect(new Set(await statuses([...own, ...others]))).toEqual(new Set(["cancelled"]));
    expect(await bulk(room, "cancel", { filter: { status: ["completed"] } }, "root")).toMatchObject({
      matched: 0,
      changed: 0,
    });
  });

  test("takes single tasks by their ids, and no other room's", async () => {
    const { room, own } = await aBusyRoom();
    const elsewhere = await aBusyRoom(1);
    const ids = [own[1] ?? "", elsewhere.own[0] ?? "", "no-uuid", crypto.randomUUID()];

    expect(await bulk(room, "cancel", { filter: { ids } })).toMatchObject({ matched: 1, changed: 1 });
    expect(await statuses([...own, ...elsewhere.own])).toEqual(["pending", "cancelled", "pending"]);
  });

  test("tells the workers that hold them, and those who wait for their end", async () => {
    const { id, worker, room } = await api.createTask("running");
    const beat = timed(
      api.as("wes").patch(`/workers/${worker}`, { body: { tasks: [id] }, ...preferWait(20) }),
    );
    const waiting = timed(api.as("ann").get(`/tasks/${id}`, preferWait(20)));

    await bulk(room, "cancel", { filter: { q: id } });

    expect(ok((await beat).value).stop).toEqual([{ task_id: id, reason: "cancelled" }]);
    expect(ok((await waiting).value).status).toBe("cancelled");
    expect(Math.max((await beat).ms, (await waiting).ms)).toBeLessThan(10_000);
  });

  test("takes a thousand at a time, and says where to go on", async () => {
    const { room } = await aBusyRoom(600);

    const first = await bulk(room, "cancel", { filter: {} }, "root");
    expect(first).toMatchObject({ matched: 1000, changed: 1000, skipped: 0, more: true });
    const last = await bulk(room, "cancel", { filter: {}, after: first.after }, "root");
    expect(last).toMatchObject({ matched: 200, changed: 200, more: false, after: null });
  });
});

describe("opening many again", () => {
  test("opens what failed or was cancelled, in the order that it had", async () => {
    const { room, job, own } = await aBusyRoom(3);
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

  test("wakes the workers that wait", async () => {
    const { room, worker, id } = await api.createTask("failed");
    const claiming = timed(
      api.as("wes").post("/tasks/claim", { body: { worker_id: worker }, ...preferWait(20) }),
    );

    expect(await bulk(room, "retry", { filter: { status: ["failed"] } })).toMatchObject({ changed: 1 });

    const { value, ms } = await claiming;
    expect(ok(value).task.id).toBe(id);
    expect(ms).toBeLessThan(10_000);
  });

  test("skips what no longer fits its job, and what has none", async () => {
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
    expect(await statuses([id, orphan.id])).toEqual(["failed", "failed"]);
  });
});

test("what does not fit is told", async () => {
  const send = (body: object) => api.as("ann").post(`/rooms/${newRoomId()}/bulk/cancel`, { body });

  expect(getErrorPointers(await send({}))).toEqual(["/filter"]);
  expect(getErrorPointers(await send({ filter: { status: ["gone"] } }))).toEqual(["/filter/status/0"]);
  expect(getErrorPointers(await send({ filter: { ids: [] } }))).toEqual(["/filter/ids"]);
  expect(getErrorPointers(await send({ filter: {}, after: "nothing" }))).toEqual(["/after"]);
  expectProblem(await send({ filter: { job: "public:a:b" } }), "job-not-found");
});
