import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPageSchema, Health, RoomSummary, Stats } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok, parseBody } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const listRooms = async (user: string, query = "limit=500", at = api) =>
  parseBody(createPageSchema(RoomSummary), await at.as(user).get(`/rooms?${query}`));
const findRoom = async (room: string, user = "ann") =>
  (await listRooms(user)).items.find(({ room_id }) => room_id === room);
const readStats = async (room: string, query = "") =>
  parseBody(Stats, await api.as("rea").get(`/rooms/${room}/stats${query}`));

describe("list of rooms", () => {
  test("the list of rooms contains the rooms that the caller can read, @global first, then by name", async () => {
    const [first, second] = [await api.createTask(), await api.createTask()];
    const names = (await listRooms("ann")).items.map(({ room_id }) => room_id);

    expect(names[0]).toBe("@global");
    expect(names.slice(1)).toEqual(names.slice(1).toSorted());
    expect(names).toEqual(expect.arrayContaining([first.room, second.room]));
    expect((await listRooms("outsider")).items.map(({ room_id }) => room_id)).toEqual(["@global"]);
    api.grant("guest", second.room, "read");
    expect(await listRooms("guest")).toMatchObject({
      total: 2,
      items: [{ room_id: "@global" }, { room_id: second.room }],
    });
    expectProblem(await api.as(undefined).get("/rooms"), "unauthorized");
  });

  test("the list of rooms counts the jobs, the live workers and the open tasks of a room", async () => {
    const { room, job, worker } = await api.createTask("running");
    const other = await api.registerJob(room);
    await api.submit(room, job.full_name);
    await api.submit(room, other.full_name, { delay_seconds: 60 });
    const done = await api.submit(room, other.full_name);
    ok(await api.update(done.id, { status: "cancelled" }, "ann"));

    expect(await findRoom(room)).toEqual({ room_id: room, jobs: 2, workers: 2, pending: 2, running: 1 });
    await api.ageWorker(worker, 3600);
    expect(await findRoom(room)).toMatchObject({ workers: 1 });
  });

  test("the list of rooms contains rooms that have only tasks of public jobs, and rooms whose jobs were removed", async () => {
    const global = await api.registerJob("@global", {}, "root");
    const room = newRoomId();
    await api.submit(room, global.full_name);
    expect(await findRoom(room)).toEqual({ room_id: room, jobs: 0, workers: 0, pending: 1, running: 0 });

    const past = await api.createTask("completed");
    ok(await api.as("wes").delete(`/workers/${past.worker}`), 204);
    expect(await findRoom(past.room)).toEqual({
      room_id: past.room,
      jobs: 0,
      workers: 0,
      pending: 0,
      running: 0,
    });
  });

  test("the list of rooms is paginated", async () => {
    await api.createTask();
    const { items, total } = await listRooms("ann");

    expect(await listRooms("ann", "limit=1&offset=1")).toEqual({
      items: [items[1]],
      total,
      limit: 1,
      offset: 1,
    });
  });

  test("the list of rooms contains the rooms that the host's listRooms returns, also empty rooms, if the caller can read them", async () => {
    const named = await openApi({
      orm: api.orm,
      auth: {
        listRooms: () => ["quiet", "@global", "forbidden:room", "closed"],
        authorizeRoom: (_, room) => room !== "closed",
      },
    });
    const { items } = await listRooms("outsider", "", named);

    expect(items.map(({ room_id }) => room_id)).toEqual(["@global", "quiet"]);
    expect(items[1]).toEqual({ room_id: "quiet", jobs: 0, workers: 0, pending: 0, running: 0 });
    await named.close();
  });
});

describe("stats", () => {
  test("the stats contain no age of the oldest pending task if the queue is empty", async () => {
    const { room, job } = await api.createTask("completed");

    const own = (await readStats(room)).jobs.find(({ job_name }) => job_name === job.full_name);

    expect(own).toMatchObject({ pending: 0, oldest_pending_seconds: null });
  });

  test("the stats contain the queue, the workers and the outcomes of each job", async () => {
    const { room, job, worker, id } = await api.createTask("running");
    const step = { worker_id: worker, attempt: 1 };
    await api.query(sql`update joblib.task set run_at = now() - interval '30 seconds',
      claimed_at = now() - interval '20 seconds', started_at = now() - interval '20 seconds' where id = ${id}::uuid`);
    ok(await api.update(id, { status: "completed", result: 1, ...step }));
    await api.query(
      sql`update joblib.task set completed_at = started_at + interval '20 seconds' where id = ${id}::uuid`,
    );
    const broken = await api.submit(room, job.full_name);
    await api.claim(worker, { start: true });
    ok(await api.update(broken.id, { status: "failed", error: "no", ...step }));
    await api.query(
      sql`update joblib.task set claimed_at = run_at, started_at = run_at where id = ${broken.id}::uuid`,
    );
    const cancelled = await api.submit(room, job.full_name);
    ok(await api.update(cancelled.id, { status: "cancelled" }, "ann"));
    await api.submit(room, job.full_name);
    await api.claim(worker);
    const submittedAt = Date.now();
    const waiting = await api.submit(room, job.full_name, { priority: -1 });
    await api.submit(room, job.full_name, { delay_seconds: 60 });
    await api.ageTask(waiting.id, 100);

    const { jobs, series, step_seconds, since, until } = await readStats(room);
    const maxAge = 100 + (Date.now() - submittedAt) / 1000;

    expect(jobs.filter(({ job_name }) => job_name === job.full_name)).toEqual([
      {
        job_name: job.full_name,
        ...{ workers: 1, busy_workers: 1, pending: 2, running: 1 },
        oldest_pending_seconds: expect.toSatisfy((age: number) => age >= 100 && age <= maxAge),
        ...{ completed: 1, failed: 1, cancelled: 1 },
        wait: { p50: 5, p95: 9.5 },
        run: { p50: 20, p95: 20 },
      },
    ]);
    const sum = (of: (point: (typeof series)[number]) => number) =>
      series.reduce((all, one) => all + of(one), 0);
    expect(step_seconds).toBe(60);
    expect(series.length).toBeGreaterThanOrEqual(59);
    expect(series.length).toBeLessThanOrEqual(60);
    expect(Date.parse(since) % 60_000).toBe(0);
    expect(series[0]?.at).toBe(since);
    expect(Date.parse(until) - Date.parse(series.at(-1)?.at ?? "")).toBeLessThanOrEqual(60_000);
    expect(sum(({ submitted }) => submitted)).toBe(6);
    expect([sum((one) => one.completed), sum((one) => one.failed), sum((one) => one.cancelled)]).toEqual([
      1, 1, 1,
    ]);
    expect(series.filter(({ run_p50 }) => run_p50 !== null)).toHaveLength(1);
  });

  test("the stats have at most 60 steps for a day, and contain only zeros for an empty room", async () => {
    const { series, step_seconds, jobs } = await readStats(newRoomId(), "?hours=24");

    expect(step_seconds).toBe(1440);
    expect(series.length).toBeLessThanOrEqual(60);
    expect(series.every(({ submitted, completed }) => submitted + completed === 0)).toBe(true);
    expect(jobs.every(({ job_name }) => job_name.startsWith("public:"))).toBe(true);
  });

  test("the stats exclude earlier tasks and tasks of other rooms", async () => {
    const { room, id, job } = await api.createTask("completed");
    await api.createTask("completed");
    await api.ageTask(id, 7200);

    expect((await readStats(room)).jobs.find(({ job_name }) => job_name === job.full_name)).toMatchObject({
      completed: 0,
    });
    const longer = await readStats(room, "?hours=3");
    expect(longer.jobs.find(({ job_name }) => job_name === job.full_name)).toMatchObject({ completed: 1 });
    expect(longer.series.reduce((all, { completed }) => all + completed, 0)).toBe(1);
  });

  test.each([
    "hours=0",
    "hours=25",
    "hours=",
    "hours=one",
  ])("the stats cannot be read with ?%s", async (query) => {
    expect(getErrorPointers(await api.as("rea").get(`/rooms/${newRoomId()}/stats?${query}`))).toEqual([
      "/hours",
    ]);
  });

  test("the stats of all rooms are available to admins", async () => {
    await api.createTask("completed");
    await api.createTask("failed");
    const { jobs, series } = parseBody(Stats, await api.as("root").get("/stats"));

    expect(jobs).toEqual([]);
    expect(series.reduce((all, { completed }) => all + completed, 0)).toBeGreaterThanOrEqual(1);
    expect(series.reduce((all, { submitted }) => all + submitted, 0)).toBeGreaterThanOrEqual(2);
    expectProblem(await api.as("ann").get("/stats"), "forbidden");
  });
});

test("the health of a server contains the state of the database, the event bus and the sweeper", async () => {
  const sweeping = await openApi({ orm: api.orm, settings: { sweeper_interval_seconds: 0.05 } });
  const readHealth = async () => parseBody(Health, await sweeping.as("ann").get("/health"));

  // The timeout is long, because a sweep may be late on a busy machine.
  await expect.poll(readHealth, { timeout: 10_000 }).toMatchObject({
    version: expect.stringMatching(/^\d/),
    database: { state: "up" },
    bus: { state: "up", kind: "in-process" },
    sweeper: { state: "up", last_sweep: expect.stringMatching(/Z$/), interval_seconds: 0.05 },
  });
  await sweeping.close();
  expect(parseBody(Health, await api.as("ann").get("/health")).sweeper).toEqual({
    state: "up",
    last_sweep: null,
    interval_seconds: 3600,
  });
});
