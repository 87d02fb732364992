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

/**
 * Inserts finished tasks of a job, oldest first. Their creation times are one millisecond apart.
 */
const insertFinishedTasks = async (
  { orm }: StorageFixture,
  { jobId, roomId }: { jobId: string; roomId: string },
  count: number,
) => {
  const db = orm.em.fork().getKysely();
  await sql`
    with inserted as (
      insert into joblib.task (id, job_id, room_id, status, payload, priority, max_attempts, backoff, run_at, due,
        created_at, completed_at, created_by_id)
      select gen_random_uuid(), ${jobId}::uuid, ${roomId}, 'cancelled', jsonb_build_object('number', 'no-' || number), 0, 1, '{}',
        now(), true, now() - interval '1 hour' + make_interval(secs => number / 1000.0), now(), 'submitter'
      from generate_series(1, ${count}::int) as number
      returning id, room_id, job_id, created_at
    )
    insert into joblib.task_listing (task_id, room_id, job_id, created_at)
    select id, room_id, job_id, created_at from inserted`.execute(db);
};

/**
 * Tests of the dashboard's queries and operations: task selections, stats, draining workers and
 * diagnoses.
 */
export const dashboardSuite = (getFixture: () => StorageFixture): void => {
  describe("task selection", () => {
    test("a search for a text reads at most MAX_SEARCHED tasks per call, and returns the position at which the next call continues", async () => {
      const { storage } = getFixture();
      const roomId = `room-${newId()}`;
      const { id: jobId } = await registerJob(storage, { roomId });
      await insertFinishedTasks(getFixture(), { jobId, roomId }, MAX_SEARCHED + 20);
      const of = { roomId, text: "no-7" };
      const window = { limit: 5000, offset: 0 };

      const first = await storage.tasks.list(of, window);
      expect(first?.searchedTo).toEqual(expect.any(String));
      // The first call did not read the 20 oldest tasks. Only `no-7` of these tasks contains the
      // text.
      const rest = await storage.tasks.list(of, { ...window, after: first?.searchedTo ?? "" });
      expect(rest?.items.map(({ task }) => task.payload)).toEqual([{ number: "no-7" }]);
      expect(rest?.searchedTo).toBeNull();
      const all = await storage.tasks.list({ roomId, text: "no-" }, { limit: 1, offset: 0 });
      expect(all).toMatchObject({ total: MAX_SEARCHED, searchedTo: undefined });
    });

    test("a selection of tasks returns ids and submitters page by page", async () => {
      const { storage } = getFixture();
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

    test("selected tasks are retried in the order of submission, without the tasks that cannot be retried", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const ids = (
        await insertTasks(
          storage,
          [1, 2, 3].map(() => buildTask(job.id)),
        )
      ).map(({ task }) => task.id);
      const [first = "", second = "", third = ""] = ids;
      for (const id of [third, first]) await transitionTask(storage, { id, to: "cancelled" });

      const retried = await storage.tasks.retry([third, second, first, first, newId(), "no-uuid"]);

      expect(retried.map(({ task }) => task.id)).toEqual([first, third]);
      const claimed = [1, 2, 3].map(() => claimOne(storage, job.workerId));
      expect((await Promise.all(claimed)).map(({ task }) => task.id).toSorted()).toEqual(ids.toSorted());
    });
  });

  describe("stats", () => {
    test("the stats list the rooms that have jobs or tasks, and count the jobs, workers and tasks of each room", async () => {
      const { storage } = getFixture();
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

    test("the stats describe the last hours of a room, or a shorter period if there are too many tasks", async () => {
      const { storage } = getFixture();
      const roomId = `room-${newId()}`;
      const job = await registerJob(storage, { roomId });
      const running = await insertRunningTask(storage, job, { roomId });
      await ageTask(getFixture(), running.task.id, 10);
      await transitionTask(storage, { id: running.task.id, to: "completed", result: 1 });

      const complete = await storage.stats.getStats(roomId, 1, ALIVE_WITHIN_SECONDS);
      const own = complete.jobs.find(({ job: { name } }) => name === job.registration.name);
      expect(own).toMatchObject({ workers: 1, busy_workers: 0, pending: 0, completed: 1, failed: 0 });
      expect(own?.run?.p50).toBeGreaterThan(9.9);
      expect(Date.parse(complete.until) - Date.parse(complete.since)).toBeGreaterThan(3_530_000);

      await insertFinishedTasks(getFixture(), { jobId: job.id, roomId }, 10_001);
      const shortened = await storage.stats.getStats(roomId, 1, ALIVE_WITHIN_SECONDS);
      expect(Date.parse(shortened.until) - Date.parse(shortened.since)).toBeLessThan(3_000_000);
      expect(shortened.series.length).toBeLessThanOrEqual(60);
    });
  });

  describe("draining worker", () => {
    test("a draining worker receives no tasks from claims that begin after the drain, even if many claims run concurrently", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await insertTasks(
        storage,
        Array.from({ length: 200 }, () => buildTask(job.id)),
      );
      const claims: Promise<{ count: number; isAfterDrain: boolean }>[] = [];
      let isDrained = false;
      let draining: Promise<void> | undefined;
      for (let index = 0; index < 60; index += 1) {
        const isAfterDrain = isDrained;
        const claim = storage.queue.claim(job.workerId, 1, false);
        claims.push(claim.then((records) => ({ count: records?.length ?? -1, isAfterDrain })));
        if (index === 20) {
          draining = storage.workers.drain(job.workerId).then(() => {
            isDrained = true;
          });
        }
        // Waits for the drain, because fast claims could otherwise all begin before the drain ends.
        if (index === 50) await draining;
        if (index % 5 === 0) await claim;
      }

      const results = await Promise.all(claims);
      expect(isDrained).toBe(true);
      expect(results.filter(({ isAfterDrain }) => isAfterDrain).length).toBeGreaterThan(0);
      expect(results.filter(({ isAfterDrain, count }) => isAfterDrain && count !== 0)).toEqual([]);
      expect(results.every(({ count }) => count >= 0)).toBe(true);
      const details = await storage.workers.findDetails(job.workerId, ALIVE_WITHIN_SECONDS);
      expect(details?.worker).toMatchObject({ draining: true, job_count: 1, online: true });
      expect(details?.jobs).toEqual([{ roomId: "lab", category: "modifiers", name: job.registration.name }]);
    });

    test.each([
      newId(),
      "no-uuid",
    ])("a worker that does not exist (%s) can be neither drained nor read", async (id) => {
      expect(await getFixture().storage.workers.drain(id)).toBe(false);
      expect(await getFixture().storage.workers.findDetails(id, ALIVE_WITHIN_SECONDS)).toBeUndefined();
    });

    test("a draining worker removes its jobs without open tasks when it deregisters", async () => {
      const { storage } = getFixture();
      const idle = await registerJob(storage);
      await storage.workers.drain(idle.workerId);
      const end = await storage.workers.remove(idle.workerId, "left");

      expect(end?.removedJobs).toEqual([{ id: idle.id, roomId: "lab" }]);
      expect(end?.rooms).toEqual(["lab"]);
    });
  });

  describe("task diagnosis", () => {
    test("a task diagnosis includes the number of workers, the number of their tasks, and the median run time", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const done = await insertRunningTask(storage, job);
      await ageTask(getFixture(), done.task.id, 20);
      await transitionTask(storage, { id: done.task.id, to: "completed", result: null });
      await insertRunningTask(storage, job);
      const { task } = await insertPendingTask(storage, job);

      const facts = await storage.diagnosis.findFacts(task.id, ALIVE_WITHIN_SECONDS);

      expect(facts).toMatchObject({
        workers: 1,
        busyWorkers: 1,
        leasedTasks: 1,
        isJobRemoved: false,
        claimedAt: null,
      });
      expect(facts?.medianRunSeconds).toBeGreaterThan(19.9);
      expect(await storage.diagnosis.findFacts(newId(), ALIVE_WITHIN_SECONDS)).toBeUndefined();
      expect(await storage.diagnosis.findAttempts("no-uuid")).toBeUndefined();
    });
  });
};
