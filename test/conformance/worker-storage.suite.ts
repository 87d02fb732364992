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

const GRACE_SECONDS = 5;

/** Tests of workers: heartbeats, lists, releases and removal. */
export const workerStorageSuite = (getFixture: () => StorageFixture): void => {
  describe("heartbeat", () => {
    test("a heartbeat updates the worker, and returns no tasks if the worker sends no list of tasks", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await insertRunningTask(storage, job);
      await ageHeartbeat(getFixture(), job.workerId, 100);

      const outcome = await storage.queue.heartbeat(job.workerId, undefined, 0);

      expect(outcome).toMatchObject({ stop: [], changed: [] });
      expect(await storage.sweep.findStaleWorkers(50, 1000)).not.toContain(job.workerId);
    });

    test.each([
      newId(),
      "no-uuid",
    ])("a heartbeat returns undefined for a worker that does not exist (%s)", async (id) => {
      expect(await getFixture().storage.queue.heartbeat(id, [], GRACE_SECONDS)).toBeUndefined();
    });

    test("a heartbeat returns which listed tasks were cancelled, timed out or lost, without the tasks that the worker itself ended", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { workerId } = job;
      const running = await insertRunningTask(storage, job);
      const cancelled = await insertRunningTask(storage, job);
      const timedOut = await insertRunningTask(storage, job, { timeoutSeconds: 10 });
      const pendingAgain = await insertRunningTask(storage, job, { timeoutSeconds: 10, maxAttempts: 2 });
      const failedByUser = await insertRunningTask(storage, job);
      const completed = await insertRunningTask(storage, job);
      const failed = await insertRunningTask(storage, job, { maxAttempts: 2 });
      await transitionTask(storage, { id: cancelled.task.id, to: "cancelled" });
      for (const { task } of [timedOut, pendingAgain]) await ageTask(getFixture(), task.id, 11);
      await storage.sweep.endOverdueTasks(100);
      await transitionTask(storage, { id: failedByUser.task.id, to: "failed", error: "no" });
      await transitionTask(storage, { id: completed.task.id, to: "completed", workerId, attempt: 1 });
      await transitionTask(storage, { id: failed.task.id, to: "failed", workerId, attempt: 1, error: "no" });
      const unknown = newId();
      const listed = [running, cancelled, timedOut, pendingAgain, failedByUser, completed, failed].map(
        ({ task }) => task.id,
      );

      const outcome = await storage.queue.heartbeat(workerId, [...listed, unknown, "no-uuid"], GRACE_SECONDS);

      expect(outcome?.stop).toEqual([
        { taskId: cancelled.task.id, reason: "cancelled" },
        { taskId: timedOut.task.id, reason: "timed_out" },
        { taskId: pendingAgain.task.id, reason: "timed_out" },
        { taskId: failedByUser.task.id, reason: "lost" },
        { taskId: unknown, reason: "lost" },
        { taskId: "no-uuid", reason: "lost" },
      ]);
    });

    test("a heartbeat requeues claimed tasks that it does not list after the grace period", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await insertPendingTask(storage, job);
      const { task } = await claimOne(storage, job.workerId);

      const early = await storage.queue.heartbeat(job.workerId, [], GRACE_SECONDS);
      await ageTask(getFixture(), task.id, 6);
      const listed = await storage.queue.heartbeat(job.workerId, [task.id], GRACE_SECONDS);
      const waiting = await storage.queue.heartbeat(job.workerId, [], Number.POSITIVE_INFINITY);
      const late = await storage.queue.heartbeat(job.workerId, [], GRACE_SECONDS);

      expect([early?.changed, listed?.changed, waiting?.changed]).toEqual([[], [], []]);
      expect(getOnly(late?.changed).task).toMatchObject({
        status: "pending",
        attempt: 1,
        runs: 0,
        errors: [],
      });
      expect(getOnly(late?.changed).lastWorkerId).toBe(job.workerId);
    });

    test("a heartbeat fails or requeues running tasks that it does not list, as the sweep does for a dead worker", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const oneAttempt = await insertRunningTask(storage, job);
      const twoAttempts = await insertRunningTask(storage, job, { maxAttempts: 2 });
      for (const { task } of [oneAttempt, twoAttempts]) await ageTask(getFixture(), task.id, 6);

      await storage.queue.heartbeat(job.workerId, [], GRACE_SECONDS);

      const error = expect.stringContaining("never received");
      expect((await readTask(storage, oneAttempt.task.id)).task).toMatchObject({ status: "failed", error });
      expect((await readTask(storage, twoAttempts.task.id)).task).toMatchObject({
        status: "pending",
        errors: [{ attempt: 1, error, worker_id: job.workerId }],
      });
    });
  });

  describe("worker lists", () => {
    test("worker lists contain the workers of a room's jobs and of public jobs, with their counts", async () => {
      const { storage } = getFixture();
      const roomId = `room-${newId()}`;
      const job = await registerJob(storage, { roomId });
      const globalJob = await registerJob(storage, { roomId: "@global" });
      await registerJob(storage, { roomId: `${roomId}-other` });
      await insertRunningTask(storage, job);
      await ageHeartbeat(getFixture(), globalJob.workerId, 61);

      const { items } = await storage.workers.list(
        { roomId },
        { limit: 500, offset: 0 },
        ALIVE_WITHIN_SECONDS,
      );

      expect(items[0]).toMatchObject({ id: globalJob.workerId, online: false, job_count: 1, task_count: 0 });
      expect(items[1]).toMatchObject({ id: job.workerId, online: true, job_count: 1, task_count: 1 });
    });

    test("worker lists contain the workers of a user, newest first, with the total", async () => {
      const { storage } = getFixture();
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

  describe("release", () => {
    test("a release requeues only claimed tasks of the worker", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const other = await registerWorker(storage, job);
      await insertPendingTask(storage, job);
      const claimed = await claimOne(storage, job.workerId);
      const running = await insertRunningTask(storage, job);
      const ids = [claimed.task.id, running.task.id, newId(), "no-uuid"];

      const byOther = await storage.queue.release(other, ids);
      const released = await storage.queue.release(job.workerId, ids);

      expect(byOther).toEqual([]);
      expect(getOnly(released).task).toMatchObject({
        id: claimed.task.id,
        status: "pending",
        worker_id: null,
      });
      expect((await readTask(storage, running.task.id)).task.status).toBe("running");
    });
  });

  describe("worker removal", () => {
    test("the removal of a worker fails running tasks, requeues claimed tasks, and removes jobs without workers", async () => {
      const { storage } = getFixture();
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

    test("the removal of a worker leaves no task claimed by the worker, even if the worker claims concurrently", async () => {
      const { storage } = getFixture();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);
        const { task } = await insertPendingTask(storage, job);

        await Promise.all([
          storage.queue.claim(job.workerId, 1, false),
          storage.workers.remove(job.workerId, "left"),
          storage.queue.claim(job.workerId, 1, false),
        ]);

        expect((await readTask(storage, task.id)).task.status).toBe("pending");
      }
    });
  });
};
