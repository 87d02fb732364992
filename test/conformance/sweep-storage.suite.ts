import { describe, expect, test } from "vitest";
import {
  ALIVE_WITHIN_SECONDS,
  ageHeartbeat,
  ageTask,
  claimOne,
  insertPendingTask,
  insertRunningTask,
  newId,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
  transitionTask,
} from "./storage-fixture.ts";

/** Tests of the sweep's operations, the metrics and the ping. */
export const sweepStorageSuite = (getFixture: () => StorageFixture): void => {
  describe("stale worker", () => {
    test("a stale worker is removed by only one of many concurrent sweeps, and its tasks fail or become pending", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const running = await insertRunningTask(storage, job);
      const retried = await insertRunningTask(storage, job, { maxAttempts: 2 });
      await insertPendingTask(storage, job);
      const claimed = await claimOne(storage, job.workerId);
      await ageHeartbeat(getFixture(), job.workerId, 61);
      expect(await storage.sweep.findStaleWorkers(ALIVE_WITHIN_SECONDS, 1000)).toContain(job.workerId);

      const ends = await Promise.all(
        Array.from({ length: 8 }, () =>
          storage.sweep.removeStaleWorker(job.workerId, ALIVE_WITHIN_SECONDS, "gone"),
        ),
      );

      expect(ends.filter((end) => end !== undefined)).toHaveLength(1);
      expect((await readTask(storage, running.task.id)).task).toMatchObject({
        status: "failed",
        error: "gone",
      });
      expect((await readTask(storage, retried.task.id)).task).toMatchObject({ status: "pending", runs: 1 });
      expect((await readTask(storage, claimed.task.id)).task).toMatchObject({ status: "pending", runs: 0 });
      expect(await storage.workers.find(job.workerId)).toBeUndefined();
      expect(await storage.jobs.findWithoutCounts(job.registration)).toBeDefined();
    });

    test("a sweep does not remove a worker that is not stale, or that does not exist", async () => {
      const { storage } = getFixture();
      const { workerId } = await registerJob(storage);

      expect(await storage.sweep.removeStaleWorker(workerId, ALIVE_WITHIN_SECONDS, "gone")).toBeUndefined();
      expect(await storage.sweep.removeStaleWorker(newId(), ALIVE_WITHIN_SECONDS, "gone")).toBeUndefined();
      expect(await storage.sweep.removeStaleWorker("no-uuid", ALIVE_WITHIN_SECONDS, "gone")).toBeUndefined();
      expect(await storage.workers.find(workerId)).toBeDefined();
    });

    test("a stale worker is either removed by the sweep or kept alive by its heartbeat, but never both", async () => {
      const { storage } = getFixture();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);
        const { id } = (await insertRunningTask(storage, job)).task;
        await ageHeartbeat(getFixture(), job.workerId, 61);

        const [end, heartbeat] = await Promise.all([
          storage.sweep.removeStaleWorker(job.workerId, ALIVE_WITHIN_SECONDS, "gone"),
          storage.queue.heartbeat(job.workerId, [id], 5),
          storage.queue.transition({ id, to: "completed", workerId: job.workerId, attempt: 1 }),
        ]);

        expect(end !== undefined && heartbeat !== undefined && heartbeat.stop.length === 0).toBe(false);
        const { task } = await readTask(storage, id);
        expect(["completed", "failed"]).toContain(task.status);
        expect(task.status === "failed").toBe(task.error === "gone");
      }
    });
  });

  describe("overdue task", () => {
    test("an overdue task fails, or becomes pending if attempts are left", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const oneAttempt = await insertRunningTask(storage, job, { timeoutSeconds: 5 });
      const twoAttempts = await insertRunningTask(storage, job, { timeoutSeconds: 2.5, maxAttempts: 2 });
      const inTime = await insertRunningTask(storage, job, { timeoutSeconds: 60 });
      for (const { task } of [oneAttempt, twoAttempts, inTime]) await ageTask(getFixture(), task.id, 6);

      const ended = (await storage.sweep.endOverdueTasks(100)).map(({ task }) => task);

      expect(ended.map(({ id }) => id)).toEqual([oneAttempt.task.id, twoAttempts.task.id]);
      expect(ended[0]).toMatchObject({ status: "failed", error: "timed out after 5 s" });
      expect(ended[1]).toMatchObject({ status: "pending", errors: [{ error: "timed out after 2.5 s" }] });
      expect((await readTask(storage, twoAttempts.task.id)).lastWorkerId).toBe(job.workerId);
    });
  });

  describe("job without workers", () => {
    test("a job without workers is kept while it has open tasks, and removed afterwards", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { task } = await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      await storage.workers.remove(job.workerId, "left");

      const early = await storage.sweep.removeIdleJobs(1000);
      await transitionTask(storage, { id: task.id, to: "cancelled" });
      const late = await storage.sweep.removeIdleJobs(1000);

      expect(early.map(({ id }) => id)).not.toContain(job.id);
      expect(late).toContainEqual({ id: job.id, roomId: "lab" });
    });

    test("a job is kept as long as any worker is linked to it", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await registerWorker(storage, job);

      const end = await storage.workers.remove(job.workerId, "left");

      expect(end?.removedJobs).toEqual([]);
      expect(await storage.sweep.removeIdleJobs(1000)).not.toContainEqual({ id: job.id, roomId: "lab" });
    });
  });

  describe("old tasks", () => {
    test("old tasks are deleted in batches, but open and newer tasks are kept", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const [old, older, recent] = [await cancelTask(), await cancelTask(), await cancelTask()];
      const open = await insertPendingTask(storage, job);
      await ageTask(getFixture(), old, 3 * 86_400);
      await ageTask(getFixture(), older, 4 * 86_400);
      await ageTask(getFixture(), open.task.id, 9 * 86_400);

      const counts = [
        await storage.sweep.deleteOldTasks(2, 1),
        await storage.sweep.deleteOldTasks(2, 100),
        await storage.sweep.deleteOldTasks(2, 100),
      ];

      expect(counts).toEqual([1, 1, 0]);
      expect(await storage.tasks.find(older)).toBeUndefined();
      expect(await storage.tasks.find(recent)).toBeDefined();
      expect(await storage.tasks.find(open.task.id)).toBeDefined();

      async function cancelTask(): Promise<string> {
        const { task } = await insertPendingTask(storage, job);
        await transitionTask(storage, { id: task.id, to: "cancelled" });
        return task.id;
      }
    });
  });

  describe("exclusive sweep", () => {
    test("an exclusive sweep never runs twice at the same time, and can run statements while it holds its lock", async () => {
      const { storage } = getFixture();
      const concurrent: boolean[] = [];

      const hasRun = await storage.sweep.runExclusively(async () => {
        concurrent.push(await storage.sweep.runExclusively(async () => undefined));
        await storage.sweep.removeIdleJobs(10);
      });

      expect([hasRun, ...concurrent]).toEqual([true, false]);
      expect(await storage.sweep.runExclusively(async () => undefined)).toBe(true);
    });

    test("an exclusive sweep releases its lock if it fails", async () => {
      const { storage } = getFixture();

      const failed = storage.sweep.runExclusively(() => Promise.reject(new Error("bug")));

      await expect(failed).rejects.toThrow("bug");
      expect(await storage.sweep.runExclusively(async () => undefined)).toBe(true);
    });
  });

  describe("metrics", () => {
    test("the metrics include the open tasks by status and the live workers", async () => {
      const { storage } = getFixture();
      const before = await storage.countQueues(ALIVE_WITHIN_SECONDS);
      const job = await registerJob(storage);
      await insertRunningTask(storage, job);
      await insertPendingTask(storage, job);

      const after = await storage.countQueues(ALIVE_WITHIN_SECONDS);

      expect(after.workersAlive - before.workersAlive).toBe(1);
      expect((after.tasks["running"] ?? 0) - (before.tasks["running"] ?? 0)).toBe(1);
      expect((after.tasks["pending"] ?? 0) - (before.tasks["pending"] ?? 0)).toBe(1);
      await storage.ping();
    });
  });
};
