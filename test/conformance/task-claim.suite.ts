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

/** Returns the seconds until a time, by the clock of this process. */
const getSecondsUntil = (time: string) => (Date.parse(time) - Date.now()) / 1000;

/** Tests of claims: order, mutual exclusion, and tasks that become due. */
export const taskClaimSuite = (getFixture: () => StorageFixture): void => {
  describe("claim", () => {
    test("a claim returns tasks by priority and then in the order of submission, across all jobs of the worker", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const second = await registerJob(storage, { worker: { id: job.workerId } });
      const other = await registerJob(storage);
      const priorities = [0, 5, -3, 5, 0, 100, 5, 0];
      const tasks = priorities.map((priority, index) =>
        buildTask(index % 2 === 0 ? job.id : second.id, { priority }),
      );
      await insertTasks(storage, [buildTask(other.id, { priority: 100 }), ...tasks]);

      const first = await storage.queue.claim(job.workerId, 3, false);
      const rest = await storage.queue.claim(job.workerId, 100, false);

      const order = [5, 1, 3, 6, 0, 4, 7, 2].map((index) => tasks[index]?.id);
      expect(getIds(first)).toEqual(order.slice(0, 3));
      expect(getIds(rest)).toEqual(order.slice(3));
      expect(await storage.queue.claim(job.workerId, 1, false)).toEqual([]);
    });

    test("a claim assigns the task to the worker, and starts it if requested", async () => {
      const { storage } = getFixture();
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

    test("a claim does not change tasks that it does not return", async () => {
      const { storage } = getFixture();
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

    test("a claim counts as a heartbeat", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await ageHeartbeat(getFixture(), job.workerId, 100);

      await storage.queue.claim(job.workerId, 1, false);

      expect(await storage.sweep.findStaleWorkers(50, 1000)).not.toContain(job.workerId);
    });

    test.each([
      newId(),
      "no-uuid",
    ])("a claim returns undefined for a worker that does not exist (%s)", async (id) => {
      expect(await getFixture().storage.queue.claim(id, 1, false)).toBeUndefined();
    });

    test("a claim returns nothing for a worker without jobs", async () => {
      const { storage } = getFixture();
      const { id } = await storage.workers.create({ id: newId(), name: null, userId: "u" });

      expect(await storage.queue.claim(id, 1, false)).toEqual([]);
    });

    test("concurrent claims never return a task to two workers, and return every task", async () => {
      const { storage } = getFixture();
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

      const claimAll = async (workerId: string, limit: number): Promise<string[]> => {
        const ids = getIds(await storage.queue.claim(workerId, limit, true)) ?? [];
        return ids.length === 0 ? [] : [...ids, ...(await claimAll(workerId, limit))];
      };
      const claimed = (await Promise.all(workers.map((id, index) => claimAll(id, 1 + index)))).flat();
      // A claim skips tasks that a concurrent claim has locked, so some tasks may remain.
      claimed.push(...(await claimAll(job.workerId, 100)));

      expect(claimed).toHaveLength(300);
      expect(new Set(claimed).size).toBe(300);
    });

    test("a claim returns a task to at least one of two workers that claim from the same two jobs concurrently", async () => {
      const { storage } = getFixture();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);
        const second = await registerJob(storage, { worker: { id: job.workerId } });
        const concurrent = await registerWorker(storage, job);
        await registerJob(storage, { ...second.registration, id: newId(), worker: { id: concurrent } });
        await insertTasks(storage, [buildTask(job.id), buildTask(second.id)]);

        const claims = await Promise.all(
          [job.workerId, concurrent].map((id) => storage.queue.claim(id, 1, false)),
        );

        const claimed = claims.flatMap((records) => getIds(records) ?? []);
        // One of two concurrent claims may find all tasks locked. Two claims never return the same
        // task.
        expect(new Set(claimed).size).toBe(claimed.length);
        expect(claimed.length).toBeGreaterThan(0);
      }
    });

    test("a claim keeps the queue order if one worker claims many times concurrently", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const tasks = Array.from({ length: 60 }, () => buildTask(job.id));
      await insertTasks(storage, tasks);

      const batches = await Promise.all(
        Array.from({ length: 12 }, () => storage.queue.claim(job.workerId, 5, false)),
      );

      const positions = new Map(tasks.map(({ id }, index) => [id, index]));
      for (const batch of batches) {
        const claimed = (getIds(batch) ?? []).map((id) => positions.get(id) ?? -1);
        expect(claimed).toEqual(claimed.toSorted((a, b) => a - b));
      }
      expect(new Set(batches.flatMap((batch) => getIds(batch) ?? [])).size).toBe(60);
    });
  });

  describe("delayed task", () => {
    test("a delayed task is claimed after it became due, in queue order", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const delayed = await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      const now = await insertPendingTask(storage, job);

      const early = await claimOne(storage, job.workerId);
      await ageTask(getFixture(), delayed.task.id, 61);
      const [later] = await insertTasks(storage, [buildTask(job.id)]);
      const due = await storage.queue.claim(job.workerId, 5, false);

      expect(early.task.id).toBe(now.task.id);
      expect(getIds(due)).toEqual([delayed.task.id, later?.task.id]);
    });

    test("a delayed task is not counted as due before its time, and the storage returns the seconds until it is due", async () => {
      const { storage } = getFixture();
      const [job, empty] = [await registerJob(storage), await registerJob(storage)];
      const delayed = await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      const jobs = [job.id, empty.id, "no-uuid"];
      const countsBefore = await storage.tasks.countDue(jobs, 5);
      const longest = getSecondsUntil(delayed.task.run_at);
      const secondsBefore = await storage.tasks.getSecondsUntilDue(jobs);
      const shortest = getSecondsUntil(delayed.task.run_at);
      await ageTask(getFixture(), delayed.task.id, 61);
      const seconds = await storage.tasks.getSecondsUntilDue(jobs);
      await insertTasks(storage, [buildTask(job.id), buildTask(job.id)]);
      const counts = await storage.tasks.countDue(jobs, 2);

      // The 10 ms allow for the times of a record, which are truncated to milliseconds.
      expect(secondsBefore).toBeGreaterThan(shortest - 0.01);
      expect(secondsBefore).toBeLessThan(longest + 0.01);
      expect(countsBefore).toEqual(new Map());
      expect(seconds).toBeLessThanOrEqual(0);
      expect(counts).toEqual(new Map([[job.id, 2]]));
      expect(await storage.tasks.getSecondsUntilDue([empty.id])).toBeUndefined();
      expect(await storage.tasks.getSecondsUntilDue([])).toBeUndefined();
    });
  });

  describe("undelivered claim", () => {
    test("an undelivered claim is undone without counting a run, and only if the attempt matches", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const [, b] = await insertTasks(storage, [buildTask(job.id), buildTask(job.id)]);
      const claimed = await claimOne(storage, job.workerId);
      const started = await claimOne(storage, job.workerId, true);
      const claims = [claimed, started].map(({ task }) => ({ id: task.id, attempt: 1 }));

      const stale = await storage.queue.unclaim(claims.map((claim) => ({ ...claim, attempt: 0 })));
      const undone = await storage.queue.unclaim(claims);

      expect(stale).toEqual([]);
      expect(undone.map(({ task }) => [task.status, task.runs, task.attempt, task.started_at])).toEqual([
        ["pending", 0, 1, null],
        ["pending", 0, 1, null],
      ]);
      const again = await storage.queue.claim(job.workerId, 2, false);
      expect(getIds(again)?.[1]).toBe(b?.task.id);
    });

    test.each([
      1, 2,
    ])("an undelivered claim is undone so that the task has its previous queue position, even if its row moved within the table (%i jobs)", async (jobs) => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      if (jobs > 1) await registerJob(storage, { worker: { id: job.workerId } });
      const order = getIds(
        await insertTasks(
          storage,
          Array.from({ length: 40 }, () => buildTask(job.id)),
        ),
      );
      const claimed = await storage.queue.claim(job.workerId, 40, false);
      for (const { task } of (claimed ?? []).toReversed())
        await storage.queue.unclaim([{ id: task.id, attempt: task.attempt }]);

      const first = await storage.queue.claim(job.workerId, 5, false);
      const rest = await storage.queue.claim(job.workerId, 100, false);

      expect([...(getIds(first) ?? []), ...(getIds(rest) ?? [])]).toEqual(order);
    });

    test("an undelivered claim is not undone if the task is finished", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await insertPendingTask(storage, job);
      const { task } = await claimOne(storage, job.workerId, true);
      await transitionTask(storage, { id: task.id, to: "completed", result: 1 });

      expect(await storage.queue.unclaim([{ id: task.id, attempt: 1 }])).toEqual([]);
      expect(getOnly([await readTask(storage, task.id)]).task.status).toBe("completed");
    });
  });
};
