import { describe, expect, test } from "vitest";
import {
  ageHeartbeat,
  ageTask,
  buildTask,
  claimOne,
  getOnly,
  insertPendingTask,
  insertTasks,
  newId,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
  transitionTask,
} from "./storage-fixture.ts";

const getIds = (records: readonly { task: { id: string } }[] | undefined) =>
  records?.map(({ task }) => task.id);

/** Claiming: order, exclusion, and tasks that fall due. */
export const taskClaimSuite = (given: () => StorageFixture): void => {
  describe("claiming", () => {
    test("gives the highest priority first, then the order of the numbers, over all the worker's jobs", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const second = await registerJob(storage, { worker: { id: job.workerId } });
      const foreign = await registerJob(storage);
      const priorities = [0, 5, -3, 5, 0, 100, 5, 0];
      const tasks = priorities.map((priority, index) =>
        buildTask(index % 2 === 0 ? job.id : second.id, { priority }),
      );
      await insertTasks(storage, [buildTask(foreign.id, { priority: 100 }), ...tasks]);

      const first = await storage.tasks.claim(job.workerId, 3, false);
      const rest = await storage.tasks.claim(job.workerId, 100, false);

      const order = [5, 1, 3, 6, 0, 4, 7, 2].map((index) => tasks[index]?.id);
      expect(getIds(first)).toEqual(order.slice(0, 3));
      expect(getIds(rest)).toEqual(order.slice(3));
      expect(await storage.tasks.claim(job.workerId, 1, false)).toEqual([]);
    });

    test("marks the task as the worker's, and starts it where that is asked", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await insertTasks(storage, [buildTask(job.id), buildTask(job.id)]);

      const claimed = await claimOne(storage, job.workerId);
      const started = await claimOne(storage, job.workerId, true);

      expect(claimed).toMatchObject({
        workerUserId: "worker-user",
        version: 2,
        task: { status: "claimed", worker_id: job.workerId, attempt: 1, runs: 0, started_at: null },
      });
      expect(started.task).toMatchObject({ status: "running", attempt: 1, runs: 1 });
      expect(started.task.started_at).not.toBeNull();
    });

    test("changes no task that it does not give", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const second = await registerJob(storage, { worker: { id: job.workerId } });
      const tasks = await insertTasks(storage, [
        buildTask(job.id),
        buildTask(second.id),
        buildTask(second.id),
      ]);

      await claimOne(storage, job.workerId);

      for (const { task } of tasks.slice(1)) {
        expect(await readTask(storage, task.id)).toMatchObject({ version: 1, task: { status: "pending" } });
      }
    });

    test("is a sign of life", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await ageHeartbeat(given(), job.workerId, 100);

      await storage.tasks.claim(job.workerId, 1, false);

      expect(await storage.sweep.findStaleWorkers(50, 1000)).not.toContain(job.workerId);
    });

    test.each([newId(), "no-uuid"])("comes to nothing for a worker that is gone (%s)", async (id) => {
      expect(await given().storage.tasks.claim(id, 1, false)).toBeUndefined();
    });

    test("gives nothing to a worker without jobs", async () => {
      const { storage } = given();
      const { id } = await storage.workers.create({ id: newId(), name: null, userId: "u" });

      expect(await storage.tasks.claim(id, 1, false)).toEqual([]);
    });

    test("never gives one task to two workers, and loses none", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const second = await registerJob(storage, { worker: { id: job.workerId } });
      const workers = [job.workerId];
      for (let count = 0; count < 5; count += 1) {
        const workerId = await registerWorker(storage, job);
        await registerJob(storage, { ...second.registration, id: newId(), worker: { id: workerId } });
        workers.push(workerId);
      }
      const tasks = Array.from({ length: 300 }, (_, index) =>
        buildTask(index % 3 === 0 ? job.id : second.id),
      );
      await insertTasks(storage, tasks);

      const drain = async (workerId: string, limit: number): Promise<string[]> => {
        const got = getIds(await storage.tasks.claim(workerId, limit, true)) ?? [];
        return got.length === 0 ? [] : [...got, ...(await drain(workerId, limit))];
      };
      const claimed = (await Promise.all(workers.map((id, index) => drain(id, 1 + index)))).flat();
      // A rival may have left tasks that it had locked for a moment.
      claimed.push(...(await drain(job.workerId, 100)));

      expect(claimed).toHaveLength(300);
      expect(new Set(claimed).size).toBe(300);
    });

    test("two workers of two jobs never both go away empty-handed", async () => {
      const { storage } = given();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);
        const second = await registerJob(storage, { worker: { id: job.workerId } });
        const rival = await registerWorker(storage, job);
        await registerJob(storage, { ...second.registration, id: newId(), worker: { id: rival } });
        await insertTasks(storage, [buildTask(job.id), buildTask(second.id)]);

        const claims = await Promise.all(
          [job.workerId, rival].map((id) => storage.tasks.claim(id, 1, false)),
        );

        const got = claims.flatMap((records) => getIds(records) ?? []);
        // Rivals may meet so closely that one sees everything locked; it never takes what the other has.
        expect(new Set(got).size).toBe(got.length);
        expect(got.length).toBeGreaterThan(0);
      }
    });

    test("keeps the order where one worker claims many times at once", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const tasks = Array.from({ length: 60 }, () => buildTask(job.id));
      await insertTasks(storage, tasks);

      const batches = await Promise.all(
        Array.from({ length: 12 }, () => storage.tasks.claim(job.workerId, 5, false)),
      );

      const place = new Map(tasks.map(({ id }, index) => [id, index]));
      for (const batch of batches) {
        const places = (getIds(batch) ?? []).map((id) => place.get(id) ?? -1);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }
      expect(new Set(batches.flatMap((batch) => getIds(batch) ?? [])).size).toBe(60);
    });
  });

  describe("a delayed task", () => {
    test("is not claimed before its time, and in its order when that has come", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const delayed = await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      const now = await insertPendingTask(storage, job);

      const early = await claimOne(storage, job.workerId);
      await ageTask(given(), delayed.task.id, 61);
      const [later] = await insertTasks(storage, [buildTask(job.id)]);
      const due = await storage.tasks.claim(job.workerId, 5, false);

      expect(early.task.id).toBe(now.task.id);
      expect(getIds(due)).toEqual([delayed.task.id, later?.task.id]);
    });

    test("that falls due counts as waiting, and says when the next one will", async () => {
      const { storage } = given();
      const [job, empty] = [await registerJob(storage), await registerJob(storage)];
      const delayed = await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      const jobs = [job.id, empty.id, "no-uuid"];
      const before = [await storage.tasks.getSecondsUntilDue(jobs), await storage.tasks.countDue(jobs, 5)];
      await ageTask(given(), delayed.task.id, 61);
      const seconds = await storage.tasks.getSecondsUntilDue(jobs);
      await insertTasks(storage, [buildTask(job.id), buildTask(job.id)]);
      const counts = await storage.tasks.countDue(jobs, 2);

      expect(before[0]).toBeGreaterThan(55);
      expect(before[1]).toEqual(
        new Map([
          [job.id, 0],
          [empty.id, 0],
        ]),
      );
      expect(seconds).toBeLessThanOrEqual(0);
      expect(counts.get(job.id)).toBe(2);
      expect(await storage.tasks.getSecondsUntilDue([empty.id])).toBeUndefined();
      expect(await storage.tasks.getSecondsUntilDue([])).toBeUndefined();
    });
  });

  describe("taking back a claim that nobody received", () => {
    test("costs the task nothing, and leaves another attempt alone", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const [, b] = await insertTasks(storage, [buildTask(job.id), buildTask(job.id)]);
      const claimed = await claimOne(storage, job.workerId);
      const started = await claimOne(storage, job.workerId, true);
      const claims = [claimed, started].map(({ task }) => ({ id: task.id, attempt: 1 }));

      const stale = await storage.tasks.unclaim(claims.map((claim) => ({ ...claim, attempt: 0 })));
      const undone = await storage.tasks.unclaim(claims);

      expect(stale).toEqual([]);
      expect(undone.map(({ task }) => [task.status, task.runs, task.attempt, task.started_at])).toEqual([
        ["pending", 0, 1, null],
        ["pending", 0, 1, null],
      ]);
      const again = await storage.tasks.claim(job.workerId, 2, false);
      expect(getIds(again)?.[1]).toBe(b?.task.id);
    });

    test.each([1, 2])("leaves it its place, wherever its row lies now (%i jobs)", async (jobs) => {
      const { storage } = given();
      const job = await registerJob(storage);
      if (jobs > 1) await registerJob(storage, { worker: { id: job.workerId } });
      const order = getIds(
        await insertTasks(
          storage,
          Array.from({ length: 40 }, () => buildTask(job.id)),
        ),
      );
      const claimed = await storage.tasks.claim(job.workerId, 40, false);
      for (const { task } of (claimed ?? []).toReversed())
        await storage.tasks.unclaim([{ id: task.id, attempt: task.attempt }]);

      const first = await storage.tasks.claim(job.workerId, 5, false);
      const rest = await storage.tasks.claim(job.workerId, 100, false);

      expect([...(getIds(first) ?? []), ...(getIds(rest) ?? [])]).toEqual(order);
    });

    test("does not touch a finished task", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await insertPendingTask(storage, job);
      const { task } = await claimOne(storage, job.workerId, true);
      await transitionTask(storage, { id: task.id, to: "completed", result: 1 });

      expect(await storage.tasks.unclaim([{ id: task.id, attempt: 1 }])).toEqual([]);
      expect(getOnly([await readTask(storage, task.id)]).task.status).toBe("completed");
    });
  });
};
