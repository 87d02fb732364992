import { describe, expect, test } from "vitest";
import type { TaskRecord } from "../../server/records.ts";
import {
  ALIVE_WITHIN_SECONDS,
  ageTask,
  buildTask,
  insertPendingTask,
  insertRunningTask,
  insertTasks,
  newId,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
} from "./storage-fixture.ts";

const getIds = (records: readonly TaskRecord[] | undefined) => (records ?? []).map(({ task }) => task.id);

/**
 * Tests of concurrent calls that share a statement. Each call must return the same result as
 * without the other calls.
 */
export const taskBatchSuite = (getFixture: () => StorageFixture): void => {
  describe("claims", () => {
    test("concurrent claims return tasks in queue order, and each worker gets as many as it requested", async () => {
      const { storage, isBatching } = getFixture();
      const job = await registerJob(storage);
      const workers = [job.workerId];
      while (workers.length < 6) workers.push(await registerWorker(storage, job));
      const tasks = [3, 0, 5, 1, 5, 2, 0, 4].map((priority) => buildTask(job.id, { priority }));
      await insertTasks(storage, tasks);
      const expected = tasks.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id);
      // The storage batches claims of workers with the same jobs. It learns a worker's jobs from
      // the worker's first claim.
      await Promise.all(workers.map((id) => storage.queue.claim(id, 0, false)));

      const results = await Promise.all(
        workers.map((id, index) => storage.queue.claim(id, index === 2 ? 3 : 1, index % 2 === 0)),
      );

      expect(results.map((records) => records?.length)).toEqual([1, 1, 3, 1, 1, 1]);
      const claimed = results.flatMap(getIds);
      if (isBatching) expect(claimed).toEqual(expected);
      expect(claimed.toSorted()).toEqual(expected.toSorted());
      for (const ids of results.map(getIds)) expect(ids).toEqual(expected.filter((id) => ids.includes(id)));
      results.forEach((records, index) => {
        for (const { task } of records ?? []) {
          expect(task.worker_id).toBe(workers[index]);
          expect([task.status, task.runs]).toEqual(index % 2 === 0 ? ["running", 1] : ["claimed", 0]);
        }
      });
    });

    test("concurrent claims return only tasks of the worker's own jobs", async () => {
      const { storage } = getFixture();
      const [a, b] = [await registerJob(storage), await registerJob(storage)];
      const both = await registerWorker(storage, a);
      await registerJob(storage, { ...b.registration, id: newId(), worker: { id: both } });
      const withoutJobs = (await storage.workers.create({ id: newId(), name: null, userId: "u" })).id;
      await insertTasks(storage, [
        buildTask(a.id),
        buildTask(b.id, { priority: 1 }),
        buildTask(a.id),
        buildTask(b.id),
      ]);

      const workers = [a.workerId, b.workerId, both, withoutJobs, newId(), both];
      const results = await Promise.all(workers.map((id) => storage.queue.claim(id, 1, false)));

      // Which of the four tasks these claims return depends on the order of the claims. Another
      // claim returns the remaining tasks.
      const rest = await storage.queue.claim(both, 4, false);

      expect(results[0]?.filter(({ jobId }) => jobId !== a.id)).toEqual([]);
      expect(results[1]?.filter(({ jobId }) => jobId !== b.id)).toEqual([]);
      expect([results[3], results[4]]).toEqual([[], undefined]);
      const all = [...results, rest].flatMap(getIds);
      expect(all).toHaveLength(4);
      expect(new Set(all).size).toBe(4);
    });

    test("concurrent claims return tasks of jobs that the worker registered after its last claim", async () => {
      const { storage } = getFixture();
      const [a, b] = [await registerJob(storage), await registerJob(storage)];
      const other = await registerWorker(storage, a);
      await Promise.all([a.workerId, other].map((id) => storage.queue.claim(id, 1, false)));
      await registerJob(storage, { ...b.registration, id: newId(), worker: { id: other } });
      const { task } = await insertPendingTask(storage, b);

      const results = await Promise.all([a.workerId, other].map((id) => storage.queue.claim(id, 1, false)));

      expect(results.map(getIds)).toEqual([[], [task.id]]);
    });

    test("concurrent claims return tasks that just became due", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const tasks = [];
      for (let count = 0; count < 4; count += 1) {
        tasks.push(await insertPendingTask(storage, job, { start: { inSeconds: 60 } }));
      }
      for (const { task } of tasks) await ageTask(getFixture(), task.id, 61);

      const results = await Promise.all(
        [1, 2, 1].map((limit) => storage.queue.claim(job.workerId, limit, true)),
      );

      expect(results.flatMap(getIds).toSorted()).toEqual(getIds(tasks).toSorted());
    });

    test("concurrent claims return nothing to a caller that disconnected", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { task } = await insertPendingTask(storage, job);

      const [disconnected, connected] = await Promise.all([
        storage.queue.claim(job.workerId, 1, true, () => true),
        storage.queue.claim(job.workerId, 1, true, () => false),
      ]);

      expect([disconnected, getIds(connected)]).toEqual([[], [task.id]]);
    });
  });

  describe("transitions", () => {
    test("concurrent transitions are each checked against their own worker and attempt", async () => {
      const { storage, isBatching } = getFixture();
      const job = await registerJob(storage);
      const other = await registerWorker(storage, job);
      const ids: string[] = [];
      while (ids.length < 5) ids.push((await insertRunningTask(storage, job)).task.id);
      const [right, wrongAttempt, wrongWorker, unfenced, twice] = ids.map((id) => ({
        id,
        to: "completed" as const,
      }));
      if (!right || !wrongAttempt || !wrongWorker || !unfenced || !twice)
        throw new Error("expected five tasks");
      const fence = { workerId: job.workerId, attempt: 1 };

      const moved = await Promise.all([
        storage.queue.transition({ ...right, ...fence, result: { index: 0 } }),
        storage.queue.transition({ ...wrongAttempt, ...fence, attempt: 2, result: { index: 1 } }),
        storage.queue.transition({ ...wrongWorker, ...fence, workerId: other, result: { index: 2 } }),
        storage.queue.transition({ ...unfenced, result: [3], progress: { fraction: 1 } }),
        storage.queue.transition({ ...twice, ...fence, result: "first" }),
        storage.queue.transition({ ...twice, ...fence, result: "second" }),
        storage.queue.transition({ id: newId(), to: "completed" }),
      ]);

      const results = moved.map((record) => record?.task.result);
      const isSecondFirst = !isBatching && results[5] === "second";
      expect(results).toEqual([
        { index: 0 },
        undefined,
        undefined,
        [3],
        ...(isSecondFirst ? [undefined, "second"] : ["first", undefined]),
        undefined,
      ]);
      expect((await readTask(storage, twice.id)).task.result).toBe(isSecondFirst ? "second" : "first");
      for (const { id } of [wrongAttempt, wrongWorker]) {
        expect((await readTask(storage, id)).task.status).toBe("running");
      }
    });

    test("concurrent transitions succeed even if the database rejects another transition", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const ids: string[] = [];
      while (ids.length < 4) ids.push((await insertRunningTask(storage, job)).task.id);
      const [done = "", failed = "", cancelled = "", refused = ""] = ids;

      const steps = await Promise.allSettled([
        storage.queue.transition({ id: done, to: "completed", result: 1 }),
        storage.queue.transition({ id: failed, to: "failed", error: "boom" }),
        storage.queue.transition({ id: cancelled, to: "cancelled" }),
        storage.queue.transition({ id: refused, to: "completed", progress: { message: "\u0000" } }),
      ]);

      expect(steps.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected"]);
      const statuses = await Promise.all(ids.map(async (id) => (await readTask(storage, id)).task.status));
      expect(statuses).toEqual(["completed", "failed", "cancelled", "running"]);
    });

    test("concurrent transitions with an unchecked result succeed only if the job has no result schema", async () => {
      const { storage } = getFixture();
      const [withoutSchema, withSchema] = [
        await registerJob(storage),
        await registerJob(storage, { resultSchema: { type: "number" } }),
      ];
      const a = await insertRunningTask(storage, withoutSchema);
      const b = await insertRunningTask(storage, withSchema);
      const step = { to: "completed", result: "text", onlyWithoutResultSchema: true } as const;

      const moved = await Promise.all(
        [a, b].map(({ task }) => storage.queue.transition({ id: task.id, ...step })),
      );

      expect(moved.map((record) => record?.task.status)).toEqual(["completed", undefined]);
      expect((await readTask(storage, b.task.id)).task.status).toBe("running");
    });
  });

  describe("inserts", () => {
    test("concurrent inserts insert all tasks of a request or none", async () => {
      const { storage, isBatching } = getFixture();
      const job = await registerJob(storage);
      const valid = () => buildTask(job.id);
      const changed = () => buildTask(job.id, { schemaHash: "other" });
      const removed = () => buildTask(newId());
      const requests = [[valid(), valid()], [changed()], [valid(), removed()], [valid()], [removed()]];

      const outcomes = await Promise.all(
        requests.map((tasks) => storage.queue.insert(tasks, { aliveWithinSeconds: ALIVE_WITHIN_SECONDS })),
      );

      expect(outcomes.map(({ kind }) => kind)).toEqual([
        "inserted",
        "job-changed",
        "job-changed",
        "inserted",
        "job-changed",
      ]);
      const claimed = await storage.queue.claim(job.workerId, 10, false);
      const expected = [...(requests[0] ?? []), ...(requests[3] ?? [])].map(({ id }) => id);
      if (isBatching) expect(getIds(claimed)).toEqual(expected);
      expect(getIds(claimed).toSorted()).toEqual(expected.toSorted());
    });

    test("concurrent inserts return the same records as a read", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const payload = { text: "ü", list: [1, -2.5, 1e21, { deep: null }] };
      const start = { at: "2030-01-02T03:04:05.600Z" };
      const tasks = [
        buildTask(job.id, { payload, start, timeoutSeconds: 1.5, priority: -3 }),
        buildTask(job.id),
      ];

      const inserted = await Promise.all(tasks.map(async (task) => insertTasks(storage, [task])));

      for (const record of inserted.flat()) expect(await readTask(storage, record.task.id)).toEqual(record);
    });

    test("concurrent inserts fail if the job changed after it was read", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const read = await storage.jobs.findWithoutCounts(job.registration);
      const task = () => buildTask(job.id, { jobVersion: read?.rowVersion ?? "" });
      const before = await storage.queue.insert([task()], { aliveWithinSeconds: ALIVE_WITHIN_SECONDS });

      const worker = { id: job.workerId };
      await storage.jobs.register(
        { ...job.registration, worker, defaults: { priority: 7 } },
        ALIVE_WITHIN_SECONDS,
      );
      const after = await storage.queue.insert([task()], { aliveWithinSeconds: ALIVE_WITHIN_SECONDS });

      expect([before.kind, after.kind]).toEqual(["inserted", "job-changed"]);
    });
  });

  describe("queue position", () => {
    test("the queue position is exact up to 1,000, and is 1,001 for all tasks after that", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const tasks = Array.from({ length: 1003 }, (_, index) =>
        buildTask(job.id, { priority: index < 2 ? 0 : 1 }),
      );
      await insertTasks(storage, tasks);
      // 1,001 tasks with a higher priority are ahead of the first two tasks.
      const checkedIds = [2, 3, 1000, 1002, 0, 1].map((index) => tasks[index]?.id ?? "");

      const records = await Promise.all(checkedIds.map((id) => readTask(storage, id, true)));

      expect(records.map(({ queuePosition }) => queuePosition)).toEqual([1, 2, 999, 1001, 1001, 1001]);
    });
  });
};
