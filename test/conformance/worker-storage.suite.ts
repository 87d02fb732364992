import { describe, expect, test } from "vitest";
import {
  ALIVE_WITHIN_SECONDS,
  ageHeartbeat,
  ageTask,
  claimOne,
  getOnly,
  insertPendingTask,
  insertRunningTask,
  newId,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
  transitionTask,
} from "./storage-fixture.ts";

const GRACE = 5;

/** Workers: their life, their heartbeat, their end. */
export const workerStorageSuite = (given: () => StorageFixture): void => {
  describe("a heartbeat", () => {
    test("is a sign of life, and says nothing of tasks where none are named", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await insertRunningTask(storage, job);
      await ageHeartbeat(given(), job.workerId, 100);

      const outcome = await storage.workers.heartbeat(job.workerId, undefined, 0);

      expect(outcome).toMatchObject({ stop: [], changed: [] });
      expect(await storage.sweep.findStaleWorkers(50, 1000)).not.toContain(job.workerId);
    });

    test.each([newId(), "no-uuid"])("of a worker that is gone comes to nothing (%s)", async (id) => {
      expect(await given().storage.workers.heartbeat(id, [], GRACE)).toBeUndefined();
    });

    test("says which named tasks were cancelled, timed out or lost, and is silent on what the worker ended itself", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const { workerId } = job;
      const held = await insertRunningTask(storage, job);
      const cancelled = await insertRunningTask(storage, job);
      const timedOut = await insertRunningTask(storage, job, { timeoutSeconds: 10 });
      const triedAgain = await insertRunningTask(storage, job, { timeoutSeconds: 10, maxAttempts: 2 });
      const byHand = await insertRunningTask(storage, job);
      const completed = await insertRunningTask(storage, job);
      const failed = await insertRunningTask(storage, job, { maxAttempts: 2 });
      await transitionTask(storage, { id: cancelled.task.id, to: "cancelled" });
      for (const { task } of [timedOut, triedAgain]) await ageTask(given(), task.id, 11);
      await storage.sweep.endOverdueTasks(100);
      await transitionTask(storage, { id: byHand.task.id, to: "failed", error: "no" });
      await transitionTask(storage, { id: completed.task.id, to: "completed", workerId, attempt: 1 });
      await transitionTask(storage, { id: failed.task.id, to: "failed", workerId, attempt: 1, error: "no" });
      const unknown = newId();
      const named = [held, cancelled, timedOut, triedAgain, byHand, completed, failed].map(
        (it) => it.task.id,
      );

      const outcome = await storage.workers.heartbeat(workerId, [...named, unknown, "no-uuid"], GRACE);

      expect(outcome?.stop).toEqual([
        { taskId: cancelled.task.id, reason: "cancelled" },
        { taskId: timedOut.task.id, reason: "timed_out" },
        { taskId: triedAgain.task.id, reason: "timed_out" },
        { taskId: byHand.task.id, reason: "lost" },
        { taskId: unknown, reason: "lost" },
        { taskId: "no-uuid", reason: "lost" },
      ]);
    });

    test("puts back claimed tasks that it does not name, once the grace is over", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await insertPendingTask(storage, job);
      const { task } = await claimOne(storage, job.workerId);

      const early = await storage.workers.heartbeat(job.workerId, [], GRACE);
      await ageTask(given(), task.id, 6);
      const named = await storage.workers.heartbeat(job.workerId, [task.id], GRACE);
      const waiting = await storage.workers.heartbeat(job.workerId, [], Number.POSITIVE_INFINITY);
      const late = await storage.workers.heartbeat(job.workerId, [], GRACE);

      expect([early?.changed, named?.changed, waiting?.changed]).toEqual([[], [], []]);
      expect(getOnly(late?.changed).task).toMatchObject({
        status: "pending",
        attempt: 1,
        runs: 0,
        errors: [],
      });
      expect(getOnly(late?.changed).lastWorkerId).toBe(job.workerId);
    });

    test("ends running tasks that it does not name, as a dead worker's", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const once = await insertRunningTask(storage, job);
      const twice = await insertRunningTask(storage, job, { maxAttempts: 2 });
      for (const { task } of [once, twice]) await ageTask(given(), task.id, 6);

      await storage.workers.heartbeat(job.workerId, [], GRACE);

      const error = expect.stringContaining("never received");
      expect((await readTask(storage, once.task.id)).task).toMatchObject({ status: "failed", error });
      expect((await readTask(storage, twice.task.id)).task).toMatchObject({
        status: "pending",
        errors: [{ attempt: 1, error, worker_id: job.workerId }],
      });
    });
  });

  describe("listing workers", () => {
    test("shows a room those of its own and of the global jobs, with their counts", async () => {
      const { storage } = given();
      const roomId = `room-${newId()}`;
      const job = await registerJob(storage, { roomId });
      const worldwide = await registerJob(storage, { roomId: "@global" });
      await registerJob(storage, { roomId: `${roomId}-other` });
      await insertRunningTask(storage, job);
      await ageHeartbeat(given(), worldwide.workerId, 61);

      const { items } = await storage.workers.list(
        { roomId },
        { limit: 500, offset: 0 },
        ALIVE_WITHIN_SECONDS,
      );

      expect(items[0]).toMatchObject({ id: worldwide.workerId, alive: false, job_count: 1, task_count: 0 });
      expect(items[1]).toMatchObject({ id: job.workerId, alive: true, job_count: 1, task_count: 1 });
    });

    test("shows a user its own, newest first, with the total", async () => {
      const { storage } = given();
      const userId = `user-${newId()}`;
      const ids = [newId(), newId(), newId()];
      for (const id of ids) await storage.workers.create({ id, name: "host:1", userId });

      const { items, total } = await storage.workers.list(
        { userId },
        { limit: 2, offset: 0 },
        ALIVE_WITHIN_SECONDS,
      );

      expect(items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      expect(total).toBe(3);
    });
  });

  describe("giving back", () => {
    test("releases only claimed tasks of that worker", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const other = await registerWorker(storage, job);
      await insertPendingTask(storage, job);
      const claimed = await claimOne(storage, job.workerId);
      const running = await insertRunningTask(storage, job);
      const ids = [claimed.task.id, running.task.id, newId(), "no-uuid"];

      const byOther = await storage.workers.release(other, ids);
      const released = await storage.workers.release(job.workerId, ids);

      expect(byOther).toEqual([]);
      expect(getOnly(released).task).toMatchObject({
        id: claimed.task.id,
        status: "pending",
        worker_id: null,
      });
      expect((await readTask(storage, running.task.id)).task.status).toBe("running");
    });
  });

  describe("a worker that leaves", () => {
    test("ends its running tasks, puts back its claimed ones, and takes along the jobs that nobody serves", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const idle = await registerJob(storage, { worker: { id: job.workerId } });
      const running = await insertRunningTask(storage, job);
      await insertPendingTask(storage, job);
      const claimed = await claimOne(storage, job.workerId);

      const end = await storage.workers.remove(job.workerId, "worker left");

      expect(end?.tasks.map(({ task }) => [task.id, task.status])).toEqual([
        [claimed.task.id, "pending"],
        [running.task.id, "failed"],
      ]);
      expect(end?.removedJobs).toEqual([{ id: idle.id, roomId: "lab" }]);
      expect((await readTask(storage, running.task.id)).task).toMatchObject({
        error: "worker left",
        worker_id: job.workerId,
      });
      expect((await readTask(storage, running.task.id)).workerUserId).toBeNull();
      expect(await storage.workers.find(job.workerId)).toBeUndefined();
      expect(await storage.workers.remove(job.workerId, "again")).toBeUndefined();
    });

    test("while it claims leaves no task behind", async () => {
      const { storage } = given();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);
        const { task } = await insertPendingTask(storage, job);

        await Promise.all([
          storage.tasks.claim(job.workerId, 1, false),
          storage.workers.remove(job.workerId, "left"),
          storage.tasks.claim(job.workerId, 1, false),
        ]);

        expect((await readTask(storage, task.id)).task.status).toBe("pending");
      }
    });
  });
};
