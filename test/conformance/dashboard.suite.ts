import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { GLOBAL_ROOM, MAX_SEARCHED } from "../../protocol/index.ts";
import {
  ALIVE_WITHIN_SECONDS,
  ageTask,
  buildTask,
  claimOne,
  insertPendingTask,
  insertRunningTask,
  insertTasks,
  newId,
  registerJob,
  type StorageFixture,
  transitionTask,
} from "./storage-fixture.ts";

/** So many tasks of a job, the oldest first by a millisecond each, as a busy room has them behind it. */
const fill = async (
  { orm }: StorageFixture,
  { jobId, roomId }: { jobId: string; roomId: string },
  count: number,
) => {
  const db = orm.em.fork().getKysely();
  await sql`
    with made as (
      insert into joblib.task (id, job_id, room_id, status, payload, priority, max_attempts, backoff, run_at, due,
        created_at, completed_at, created_by_id)
      select gen_random_uuid(), ${jobId}::uuid, ${roomId}, 'cancelled', jsonb_build_object('nth', 'no-' || nth), 0, 1, '{}',
        now(), true, now() - interval '1 hour' + make_interval(secs => nth / 1000.0), now(), 'submitter'
      from generate_series(1, ${count}::int) as nth
      returning id, room_id, job_id, created_at
    )
    insert into joblib.task_place (task_id, room_id, job_id, created_at)
    select id, room_id, job_id, created_at from made`.execute(db);
};

/** What is asked about many tasks, about one task's surroundings, and by those who look after workers. */
export const dashboardSuite = (given: () => StorageFixture): void => {
  describe("a selection of tasks", () => {
    test("looks no further than its bound, and says where it ended and where to go on", async () => {
      const { storage } = given();
      const roomId = `room-${newId()}`;
      const { id: jobId } = await registerJob(storage, { roomId });
      await fill(given(), { jobId, roomId }, MAX_SEARCHED + 20);
      const of = { roomId, text: "no-7" };
      const window = { limit: 5000, offset: 0 };

      const first = await storage.tasks.list(of, window);
      expect(first?.searchedTo).toEqual(expect.any(String));
      // Of the oldest twenty only `no-7` matches.
      const rest = await storage.tasks.list(of, { ...window, after: first?.searchedTo ?? "" });
      expect(rest?.items.map(({ task }) => task.payload)).toEqual([{ nth: "no-7" }]);
      expect(rest?.searchedTo).toBeNull();
      const all = await storage.tasks.list({ roomId, text: "no-" }, { limit: 1, offset: 0 });
      expect(all).toMatchObject({ total: MAX_SEARCHED, searchedTo: undefined });
    });

    test("by names alone comes with its owners, up to the limit, and goes on behind it", async () => {
      const { storage } = given();
      const roomId = `room-${newId()}`;
      const job = await registerJob(storage, { roomId });
      const [a, b, c] = await insertTasks(storage, [
        buildTask(job.id, { roomId }),
        buildTask(job.id, { roomId, createdById: "other" }),
        buildTask(job.id, { roomId }),
      ]);
      const of = { roomId, statuses: ["pending"] as const };

      const first = await storage.tasks.select(of, { limit: 2 });
      expect(first).toEqual({
        tasks: [
          { id: c?.task.id, createdById: "submitter" },
          { id: b?.task.id, createdById: "other" },
        ],
        after: b?.task.id,
      });
      const rest = await storage.tasks.select(of, { limit: 2, after: b?.task.id });
      expect(rest).toEqual({ tasks: [{ id: a?.task.id, createdById: "submitter" }], after: null });
    });

    test("that is opened again keeps its order, and leaves out what cannot be", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const ids = (
        await insertTasks(
          storage,
          [1, 2, 3].map(() => buildTask(job.id)),
        )
      ).map(({ task }) => task.id);
      const [first = "", second = "", third = ""] = ids;
      for (const id of [third, first]) await transitionTask(storage, { id, to: "cancelled" });

      const opened = await storage.tasks.retryMany([third, second, first, first, newId(), "no-uuid"]);

      expect(opened.map(({ task }) => task.id)).toEqual([first, third]);
      const claimed = [1, 2, 3].map(() => claimOne(storage, job.workerId));
      expect((await Promise.all(claimed)).map(({ task }) => task.id).toSorted()).toEqual(ids.toSorted());
    });
  });

  describe("an overview", () => {
    test("names the rooms that hold jobs or tasks, and counts what is in them", async () => {
      const { storage } = given();
      const [a, b] = [`room-a-${newId()}`, `room-b-${newId()}`];
      const own = await registerJob(storage, { roomId: a });
      const global = await registerJob(storage, { roomId: GLOBAL_ROOM });
      await insertRunningTask(storage, own, { roomId: a });
      await insertPendingTask(storage, own, { roomId: a, start: { inSeconds: 60 } });
      await insertPendingTask(storage, global, { roomId: b });

      const names = await storage.stats.listRoomNames(1000);
      expect(names).toEqual(expect.arrayContaining([a, b, GLOBAL_ROOM]));
      expect(await storage.stats.listRoomNames(2)).toEqual(names.slice(0, 2));
      expect(await storage.stats.summarizeRooms([b, a, "nowhere"], ALIVE_WITHIN_SECONDS)).toEqual([
        { room_id: b, jobs: 0, workers: 0, pending: 1, running: 0 },
        { room_id: a, jobs: 1, workers: 1, pending: 1, running: 1 },
        { room_id: "nowhere", jobs: 0, workers: 0, pending: 0, running: 0 },
      ]);
      expect(await storage.stats.summarizeRooms([a], 0)).toMatchObject([{ workers: 0 }]);
    });

    test("tells the figures of a room, and begins where its bounds are reached", async () => {
      const { storage } = given();
      const roomId = `room-${newId()}`;
      const job = await registerJob(storage, { roomId });
      const running = await insertRunningTask(storage, job, { roomId });
      await ageTask(given(), running.task.id, 10);
      await transitionTask(storage, { id: running.task.id, to: "completed", result: 1 });

      const whole = await storage.stats.figures(roomId, 1, ALIVE_WITHIN_SECONDS);
      const own = whole.jobs.find(({ job: { name } }) => name === job.registration.name);
      expect(own).toMatchObject({ workers: 1, busy_workers: 0, pending: 0, completed: 1, failed: 0 });
      expect(own?.run?.p50).toBeGreaterThan(9.9);
      expect(Date.parse(whole.until) - Date.parse(whole.since)).toBeGreaterThan(3_530_000);

      await fill(given(), { jobId: job.id, roomId }, 10_001);
      const cut = await storage.stats.figures(roomId, 1, ALIVE_WITHIN_SECONDS);
      expect(Date.parse(cut.until) - Date.parse(cut.since)).toBeLessThan(3_000_000);
      expect(cut.series.length).toBeLessThanOrEqual(60);
    });
  });

  describe("a worker that is drained", () => {
    test("gets nothing from a claim that comes after, however many come at once", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await insertTasks(
        storage,
        Array.from({ length: 200 }, () => buildTask(job.id)),
      );
      const claims: Promise<{ count: number; isAfter: boolean }>[] = [];
      let isDrained = false;
      for (let turn = 0; turn < 60; turn += 1) {
        const isAfter = isDrained;
        const claim = storage.tasks.claim(job.workerId, 1, false);
        claims.push(claim.then((records) => ({ count: records?.length ?? -1, isAfter })));
        if (turn === 20) {
          const draining = storage.workerDetails.drain(job.workerId);
          draining.then(() => {
            isDrained = true;
          });
        }
        if (turn % 5 === 0) await claim;
      }

      const answers = await Promise.all(claims);
      expect(isDrained).toBe(true);
      expect(answers.filter(({ isAfter }) => isAfter).length).toBeGreaterThan(0);
      expect(answers.filter(({ isAfter, count }) => isAfter && count !== 0)).toEqual([]);
      expect(answers.every(({ count }) => count >= 0)).toBe(true);
      const sheet = await storage.workerDetails.find(job.workerId, ALIVE_WITHIN_SECONDS);
      expect(sheet?.worker).toMatchObject({ draining: true, job_count: 1, alive: true });
      expect(sheet?.jobs).toEqual([{ roomId: "lab", category: "modifiers", name: job.registration.name }]);
    });

    test.each([newId(), "no-uuid"])("is not there where it is gone (%s)", async (id) => {
      expect(await given().storage.workerDetails.drain(id)).toBe(false);
      expect(await given().storage.workerDetails.find(id, ALIVE_WITHIN_SECONDS)).toBeUndefined();
    });

    test("takes its jobs with it at its end, once they have nothing open", async () => {
      const { storage } = given();
      const idle = await registerJob(storage);
      await storage.workerDetails.drain(idle.workerId);
      const end = await storage.workers.remove(idle.workerId, "left");

      expect(end?.removedJobs).toEqual([{ id: idle.id, roomId: "lab" }]);
      expect(end?.rooms).toEqual(["lab"]);
    });
  });

  describe("what surrounds a task", () => {
    test("are its workers, what they hold, and how long its like took", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const done = await insertRunningTask(storage, job);
      await ageTask(given(), done.task.id, 20);
      await transitionTask(storage, { id: done.task.id, to: "completed", result: null });
      await insertRunningTask(storage, job);
      const { task } = await insertPendingTask(storage, job);

      const prospects = await storage.diagnosis.prospects(task.id, ALIVE_WITHIN_SECONDS);

      expect(prospects).toMatchObject({
        workers: 1,
        busyWorkers: 1,
        holding: 1,
        isJobRemoved: false,
        claimedAt: null,
      });
      expect(prospects?.medianRunSeconds).toBeGreaterThan(19.9);
      expect(await storage.diagnosis.prospects(newId(), ALIVE_WITHIN_SECONDS)).toBeUndefined();
      expect(await storage.diagnosis.attempts("no-uuid")).toBeUndefined();
    });
  });
};
