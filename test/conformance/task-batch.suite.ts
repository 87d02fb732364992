import { describe, expect, test } from "vitest";
import type { TaskRecord } from "../../server/storage/storage.ts";
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

/** Calls that come at once, and so share statements: each is answered as if it were alone. */
export const taskBatchSuite = (given: () => StorageFixture): void => {
  describe("claims at once", () => {
    test("of many workers share the tasks out in their order, each as many as it asked for", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const workers = [job.workerId];
      while (workers.length < 6) workers.push(await registerWorker(storage, job));
      const tasks = [3, 0, 5, 1, 5, 2, 0, 4].map((priority) => buildTask(job.id, { priority }));
      await insertTasks(storage, tasks);
      const wanted = tasks.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id);
      // Once each, so that it is known that their jobs are the same.
      await Promise.all(workers.map((id) => storage.tasks.claim(id, 0, false)));

      const got = await Promise.all(
        workers.map((id, index) => storage.tasks.claim(id, index === 2 ? 3 : 1, index % 2 === 0)),
      );

      expect(got.map((records) => records?.length)).toEqual([1, 1, 3, 1, 1, 1]);
      expect(got.flatMap(getIds)).toEqual(wanted);
      got.forEach((records, index) => {
        for (const { task } of records ?? []) {
          expect(task.worker_id).toBe(workers[index]);
          expect([task.status, task.runs]).toEqual(index % 2 === 0 ? ["running", 1] : ["claimed", 0]);
        }
      });
    });

    test("of workers with other jobs give each only its own jobs' tasks", async () => {
      const { storage } = given();
      const [a, b] = [await registerJob(storage), await registerJob(storage)];
      const both = await registerWorker(storage, a);
      await registerJob(storage, { ...b.registration, id: newId(), worker: { id: both } });
      const none = (await storage.workers.create({ id: newId(), name: null, userId: "u" })).id;
      await insertTasks(storage, [
        buildTask(a.id),
        buildTask(b.id, { priority: 1 }),
        buildTask(a.id),
        buildTask(b.id),
      ]);

      const workers = [a.workerId, b.workerId, both, none, newId(), both];
      const got = await Promise.all(workers.map((id) => storage.tasks.claim(id, 1, false)));

      // Who comes first decides who goes away empty-handed; what is left is there for the next.
      const rest = await storage.tasks.claim(both, 4, false);

      expect(got[0]?.filter(({ jobId }) => jobId !== a.id)).toEqual([]);
      expect(got[1]?.filter(({ jobId }) => jobId !== b.id)).toEqual([]);
      expect([got[3], got[4]]).toEqual([[], undefined]);
      const all = [...got, rest].flatMap(getIds);
      expect(all).toHaveLength(4);
      expect(new Set(all).size).toBe(4);
    });

    test("see a worker's new jobs, whatever was known of it", async () => {
      const { storage } = given();
      const [a, b] = [await registerJob(storage), await registerJob(storage)];
      const other = await registerWorker(storage, a);
      await Promise.all([a.workerId, other].map((id) => storage.tasks.claim(id, 1, false)));
      await registerJob(storage, { ...b.registration, id: newId(), worker: { id: other } });
      const { task } = await insertPendingTask(storage, b);

      const got = await Promise.all([a.workerId, other].map((id) => storage.tasks.claim(id, 1, false)));

      expect(got.map(getIds)).toEqual([[], [task.id]]);
    });

    test("all get tasks that have just fallen due", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const tasks = [];
      for (let count = 0; count < 4; count += 1) {
        tasks.push(await insertPendingTask(storage, job, { start: { inSeconds: 60 } }));
      }
      for (const { task } of tasks) await ageTask(given(), task.id, 61);

      const got = await Promise.all([1, 2, 1].map((limit) => storage.tasks.claim(job.workerId, limit, true)));

      expect(got.flatMap(getIds).toSorted()).toEqual(getIds(tasks).toSorted());
    });

    test("leave out a caller that is gone", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const { task } = await insertPendingTask(storage, job);

      const [gone, here] = await Promise.all([
        storage.tasks.claim(job.workerId, 1, true, () => true),
        storage.tasks.claim(job.workerId, 1, true, () => false),
      ]);

      expect([gone, getIds(here)]).toEqual([[], [task.id]]);
    });
  });

  describe("steps at once", () => {
    test("have each their own fence", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const other = await registerWorker(storage, job);
      const ids: string[] = [];
      while (ids.length < 5) ids.push((await insertRunningTask(storage, job)).task.id);
      const [right, wrongAttempt, wrongWorker, bare, twice] = ids.map((id) => ({
        id,
        to: "completed" as const,
      }));
      if (!right || !wrongAttempt || !wrongWorker || !bare || !twice) throw new Error("five tasks");
      const fence = { workerId: job.workerId, attempt: 1 };

      const moved = await Promise.all([
        storage.tasks.transition({ ...right, ...fence, result: { place: 0 } }),
        storage.tasks.transition({ ...wrongAttempt, ...fence, attempt: 2, result: { place: 1 } }),
        storage.tasks.transition({ ...wrongWorker, ...fence, workerId: other, result: { place: 2 } }),
        storage.tasks.transition({ ...bare, result: [3], progress: { fraction: 1 } }),
        storage.tasks.transition({ ...twice, ...fence, result: "first" }),
        storage.tasks.transition({ ...twice, ...fence, result: "second" }),
        storage.tasks.transition({ id: newId(), to: "completed" }),
      ]);

      expect(moved.map((record) => record?.task.result)).toEqual([
        { place: 0 },
        undefined,
        undefined,
        [3],
        "first",
        undefined,
        undefined,
      ]);
      expect((await readTask(storage, twice.id)).task.result).toBe("first");
      for (const { id } of [wrongAttempt, wrongWorker]) {
        expect((await readTask(storage, id)).task.status).toBe("running");
      }
    });

    test("of other kinds, and one that the database refuses, hold up nobody", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const ids: string[] = [];
      while (ids.length < 4) ids.push((await insertRunningTask(storage, job)).task.id);
      const [done = "", failed = "", cancelled = "", refused = ""] = ids;

      const steps = await Promise.allSettled([
        storage.tasks.transition({ id: done, to: "completed", result: 1 }),
        storage.tasks.transition({ id: failed, to: "failed", error: "boom" }),
        storage.tasks.transition({ id: cancelled, to: "cancelled" }),
        storage.tasks.transition({ id: refused, to: "completed", progress: { message: "\u0000" } }),
      ]);

      expect(steps.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected"]);
      const statuses = await Promise.all(ids.map(async (id) => (await readTask(storage, id)).task.status));
      expect(statuses).toEqual(["completed", "failed", "cancelled", "running"]);
    });

    test("with a result that nobody checked hold only where the job promised nothing", async () => {
      const { storage } = given();
      const [open, promising] = [
        await registerJob(storage),
        await registerJob(storage, { resultSchema: { type: "number" } }),
      ];
      const a = await insertRunningTask(storage, open);
      const b = await insertRunningTask(storage, promising);
      const step = { to: "completed", result: "text", isResultUnchecked: true } as const;

      const moved = await Promise.all(
        [a, b].map(({ task }) => storage.tasks.transition({ id: task.id, ...step })),
      );

      expect(moved.map((record) => record?.task.status)).toEqual(["completed", undefined]);
      expect((await readTask(storage, b.task.id)).task.status).toBe("running");
    });
  });

  describe("inserts at once", () => {
    test("are all or none for each request", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const fine = () => buildTask(job.id);
      const changed = () => buildTask(job.id, { schemaHash: "other" });
      const gone = () => buildTask(newId());
      const requests = [[fine(), fine()], [changed()], [fine(), gone()], [fine()], [gone()]];

      const outcomes = await Promise.all(
        requests.map((tasks) => storage.tasks.insert(tasks, { aliveWithinSeconds: ALIVE_WITHIN_SECONDS })),
      );

      expect(outcomes.map(({ kind }) => kind)).toEqual([
        "inserted",
        "job-changed",
        "job-changed",
        "inserted",
        "job-changed",
      ]);
      const claimed = await storage.tasks.claim(job.workerId, 10, false);
      expect(getIds(claimed)).toEqual([...(requests[0] ?? []), ...(requests[3] ?? [])].map(({ id }) => id));
    });

    test("tell what a read tells", async () => {
      const { storage } = given();
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

    test("hold only while the job's row is the one that was seen", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const seen = await storage.jobs.findWithoutCounts(job.registration);
      const task = () => buildTask(job.id, { jobVersion: seen?.rowVersion ?? "" });
      const before = await storage.tasks.insert([task()], { aliveWithinSeconds: ALIVE_WITHIN_SECONDS });

      const worker = { id: job.workerId };
      await storage.jobs.register(
        { ...job.registration, worker, defaults: { priority: 7 } },
        ALIVE_WITHIN_SECONDS,
      );
      const after = await storage.tasks.insert([task()], { aliveWithinSeconds: ALIVE_WITHIN_SECONDS });

      expect([before.kind, after.kind]).toEqual(["inserted", "job-changed"]);
    });
  });

  describe("a place in the queue", () => {
    test("is told exactly up to a thousand, and as 1001 beyond", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const tasks = Array.from({ length: 1003 }, (_, index) =>
        buildTask(job.id, { priority: index < 2 ? 0 : 1 }),
      );
      await insertTasks(storage, tasks);
      // Behind 1,001 of a higher priority stand the two that came first.
      const places = [2, 3, 1000, 1002, 0, 1].map((index) => tasks[index]?.id ?? "");

      const told = await Promise.all(places.map((id) => readTask(storage, id, true)));

      expect(told.map(({ queuePosition }) => queuePosition)).toEqual([1, 2, 999, 1001, 1001, 1001]);
    });
  });
};
