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

/** The sweeper's verbs, the counts and the ping. */
export const sweepStorageSuite = (given: () => StorageFixture): void => {
  describe("a worker that stopped responding", () => {
    test("is found, and taken with all that it held, once however many sweep", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const running = await insertRunningTask(storage, job);
      const retried = await insertRunningTask(storage, job, { maxAttempts: 2 });
      await insertPendingTask(storage, job);
      const claimed = await claimOne(storage, job.workerId);
      await ageHeartbeat(given(), job.workerId, 61);
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

    test("is left alone when it came back, or never was", async () => {
      const { storage } = given();
      const { workerId } = await registerJob(storage);

      expect(await storage.sweep.removeStaleWorker(workerId, ALIVE_WITHIN_SECONDS, "gone")).toBeUndefined();
      expect(await storage.sweep.removeStaleWorker(newId(), ALIVE_WITHIN_SECONDS, "gone")).toBeUndefined();
      expect(await storage.sweep.removeStaleWorker("no-uuid", ALIVE_WITHIN_SECONDS, "gone")).toBeUndefined();
      expect(await storage.workers.find(workerId)).toBeDefined();
    });

    test("either beats in time or is taken, never both", async () => {
      const { storage } = given();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);
        const { id } = (await insertRunningTask(storage, job)).task;
        await ageHeartbeat(given(), job.workerId, 61);

        const [end, beat] = await Promise.all([
          storage.sweep.removeStaleWorker(job.workerId, ALIVE_WITHIN_SECONDS, "gone"),
          storage.workers.heartbeat(job.workerId, [id], 5),
          storage.tasks.transition({ id, to: "completed", workerId: job.workerId, attempt: 1 }),
        ]);

        expect(end !== undefined && beat !== undefined && beat.stop.length === 0).toBe(false);
        const { task } = await readTask(storage, id);
        expect(["completed", "failed"]).toContain(task.status);
        expect(task.status === "failed").toBe(task.error === "gone");
      }
    });
  });

  describe("a task over its time", () => {
    test("fails, or is tried again", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const once = await insertRunningTask(storage, job, { timeoutSeconds: 5 });
      const twice = await insertRunningTask(storage, job, { timeoutSeconds: 2.5, maxAttempts: 2 });
      const inTime = await insertRunningTask(storage, job, { timeoutSeconds: 60 });
      for (const { task } of [once, twice, inTime]) await ageTask(given(), task.id, 6);

      const ended = (await storage.sweep.endOverdueTasks(100)).map(({ task }) => task);

      expect(ended.map(({ id }) => id)).toEqual([once.task.id, twice.task.id]);
      expect(ended[0]).toMatchObject({ status: "failed", error: "timed out after 5 s" });
      expect(ended[1]).toMatchObject({ status: "pending", errors: [{ error: "timed out after 2.5 s" }] });
      expect((await readTask(storage, twice.task.id)).lastWorkerId).toBe(job.workerId);
    });
  });

  describe("a job without workers", () => {
    test("stays while it has open tasks, and goes when they are done", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const { task } = await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      await storage.workers.remove(job.workerId, "left");

      const early = await storage.sweep.removeIdleJobs(1000);
      await transitionTask(storage, { id: task.id, to: "cancelled" });
      const late = await storage.sweep.removeIdleJobs(1000);

      expect(early.map(({ id }) => id)).not.toContain(job.id);
      expect(late).toContainEqual({ id: job.id, roomId: "lab" });
    });

    test("stays while another worker serves it", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await registerWorker(storage, job);

      const end = await storage.workers.remove(job.workerId, "left");

      expect(end?.removedJobs).toEqual([]);
      expect(await storage.sweep.removeIdleJobs(1000)).not.toContainEqual({ id: job.id, roomId: "lab" });
    });
  });

  describe("old tasks", () => {
    test("are deleted in batches, and open or younger ones are kept", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const [old, older, young] = [await ended(), await ended(), await ended()];
      const open = await insertPendingTask(storage, job);
      await ageTask(given(), old, 3 * 86_400);
      await ageTask(given(), older, 4 * 86_400);
      await ageTask(given(), open.task.id, 9 * 86_400);

      const counts = [
        await storage.sweep.deleteOldTasks(2, 1),
        await storage.sweep.deleteOldTasks(2, 100),
        await storage.sweep.deleteOldTasks(2, 100),
      ];

      expect(counts).toEqual([1, 1, 0]);
      expect(await storage.tasks.find(older)).toBeUndefined();
      expect(await storage.tasks.find(young)).toBeDefined();
      expect(await storage.tasks.find(open.task.id)).toBeDefined();

      async function ended(): Promise<string> {
        const { task } = await insertPendingTask(storage, job);
        await transitionTask(storage, { id: task.id, to: "cancelled" });
        return task.id;
      }
    });
  });

  describe("sweeping exclusively", () => {
    test("lets one work, while its work uses the database, and sends the others away", async () => {
      const { storage } = given();
      const others: boolean[] = [];

      const done = await storage.sweep.runExclusively(async () => {
        others.push(await storage.sweep.runExclusively(async () => undefined));
        await storage.sweep.removeIdleJobs(10);
      });

      expect([done, ...others]).toEqual([true, false]);
      expect(await storage.sweep.runExclusively(async () => undefined)).toBe(true);
    });

    test("lets go when the work fails", async () => {
      const { storage } = given();

      const failed = storage.sweep.runExclusively(() => Promise.reject(new Error("bug")));

      await expect(failed).rejects.toThrow("bug");
      expect(await storage.sweep.runExclusively(async () => undefined)).toBe(true);
    });
  });

  describe("metrics", () => {
    test("count open tasks by status and the workers alive", async () => {
      const { storage } = given();
      const before = await storage.counts(ALIVE_WITHIN_SECONDS);
      const job = await registerJob(storage);
      await insertRunningTask(storage, job);
      await insertPendingTask(storage, job);

      const after = await storage.counts(ALIVE_WITHIN_SECONDS);

      expect(after.workersAlive - before.workersAlive).toBe(1);
      expect((after.tasks["running"] ?? 0) - (before.tasks["running"] ?? 0)).toBe(1);
      expect((after.tasks["pending"] ?? 0) - (before.tasks["pending"] ?? 0)).toBe(1);
      await storage.ping();
    });
  });
};
