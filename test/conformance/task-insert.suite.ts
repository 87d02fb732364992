import { describe, expect, test } from "vitest";
import type { TaskWindow } from "../../server/storage/ports/tasks.ts";
import {
  ALIVE_WITHIN_SECONDS,
  buildTask,
  claimOne,
  insertPendingTask,
  insertTasks,
  listInserted,
  newId,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
  transitionTask,
} from "./storage-fixture.ts";

const OPTIONS = { aliveWithinSeconds: ALIVE_WITHIN_SECONDS };

/** Tests of inserts and queries of tasks. */
export const taskInsertSuite = (getFixture: () => StorageFixture): void => {
  describe("task insert", () => {
    test("a task insert stores every field, and times in UTC with milliseconds", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const backoff = { kind: "fixed", seconds: 1.5, max_seconds: 9, jitter: 0 } as const;
      const payload = { text: "ü '\" \\ {}", list: [1, null, true, { a: -0.5e-7 }], empty: {} };
      const newTask = buildTask(job.id, {
        payload,
        priority: -100,
        maxAttempts: 100,
        backoff,
        timeoutSeconds: 1.25,
        start: { at: "2026-01-02T03:04:05.678+02:00" },
      });

      const [record] = await insertTasks(storage, [newTask]);

      expect(record?.task).toEqual({
        id: newTask.id,
        room_id: "lab",
        status: "pending",
        payload,
        priority: -100,
        attempt: 0,
        runs: 0,
        max_attempts: 100,
        backoff,
        timeout_seconds: 1.25,
        run_at: "2026-01-02T01:04:05.678Z",
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        started_at: null,
        completed_at: null,
        created_by_id: "submitter",
        worker_id: null,
        error: null,
        errors: [],
        result: null,
        progress: null,
      });
      expect(record).toMatchObject({ jobId: job.id, version: 1, workerUserId: null, lastWorkerId: null });
      expect(await readTask(storage, newTask.id)).toEqual(record);
    });

    test("a task insert stores the trace context of the submit, and returns it with the claim", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const traceContext = {
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        tracestate: "a=1",
      };

      const [traced] = await insertTasks(storage, [buildTask(job.id, { traceContext })]);
      const [plain] = await insertTasks(storage, [buildTask(job.id)]);

      expect(traced?.task.trace_context).toEqual(traceContext);
      expect(plain?.task).not.toHaveProperty("trace_context");
      expect((await claimOne(storage, job.workerId)).task.trace_context).toEqual(traceContext);
      expect((await claimOne(storage, job.workerId)).task).not.toHaveProperty("trace_context");
    });

    test("a task insert keeps the order of the tasks, and returns the number of live workers of each job", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const second = await registerJob(storage);
      await registerWorker(storage, job);
      const tasks = Array.from({ length: 50 }, (_, index) => buildTask(index % 2 === 0 ? job.id : second.id));

      const outcome = await storage.queue.insert(tasks, OPTIONS);

      if (outcome.kind !== "inserted") throw new Error(outcome.kind);
      expect(listInserted(outcome).map(({ task }) => task.id)).toEqual(tasks.map(({ id }) => id));
      expect(
        new Map(outcome.groups.map(({ record, workersOnline }) => [record.jobId, workersOnline])),
      ).toEqual(
        new Map([
          [job.id, 2],
          [second.id, 1],
        ]),
      );
    });

    test.each([
      [
        "was removed",
        async (storage: StorageFixture["storage"], workerId: string) =>
          storage.workers.remove(workerId, "left"),
      ],
      ["has another schema", async () => undefined],
    ])("a task insert inserts no task of a request if one of its jobs %s", async (_, change) => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const other = await registerJob(storage);
      await change(storage, other.workerId);
      const valid = buildTask(job.id);

      const outcome = await storage.queue.insert(
        [valid, buildTask(other.id, { schemaHash: "old" })],
        OPTIONS,
      );

      expect(outcome).toEqual({ kind: "job-changed" });
      expect(await storage.tasks.find(valid.id)).toBeUndefined();
    });

    test("a task insert never leaves an open task of a job that is removed concurrently", async () => {
      const { storage } = getFixture();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);

        const [outcome] = await Promise.all([
          storage.queue.insert([buildTask(job.id)], OPTIONS),
          storage.workers.remove(job.workerId, "left"),
          storage.sweep.removeIdleJobs(100),
        ]);

        const isRegistered = (await storage.jobs.findWithoutCounts(job.registration)) !== undefined;
        expect(isRegistered).toBe(outcome.kind === "inserted");
      }
    });
  });

  describe("idempotency key", () => {
    const buildKeyedTask = (jobId: string, key: string, requestHash = "same") =>
      buildTask(jobId, { idempotency: { key, requestHash } });

    test("an idempotency key returns the existing task in its current state, even if the job was removed", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const first = buildKeyedTask(job.id, "k1");
      await insertTasks(storage, [first]);
      await transitionTask(storage, { id: first.id, to: "cancelled" });
      await storage.workers.remove(job.workerId, "left");

      const again = await storage.queue.insert([buildKeyedTask(job.id, "k1")], OPTIONS);
      const other = await storage.queue.insert([buildKeyedTask(job.id, "k1", "other")], OPTIONS);

      expect(again).toMatchObject({
        kind: "replayed",
        record: { task: { id: first.id, status: "cancelled" } },
        isSameRequest: true,
        workersOnline: 0,
      });
      expect(other).toMatchObject({ kind: "replayed", isSameRequest: false });
    });

    test("an idempotency key can be used again by another user or in another room", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const task = buildKeyedTask(job.id, "k2");

      await insertTasks(storage, [task]);
      await insertTasks(storage, [{ ...task, id: newId(), createdById: "somebody" }]);
      await insertTasks(storage, [{ ...task, id: newId(), roomId: "elsewhere" }]);
    });

    test("an idempotency key creates only one task if it is used 200 times concurrently", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);

      const outcomes = await Promise.all(
        Array.from({ length: 200 }, () => storage.queue.insert([buildKeyedTask(job.id, "k3")], OPTIONS)),
      );

      const ids = outcomes.map((outcome) =>
        outcome.kind === "inserted"
          ? listInserted(outcome)[0]?.task.id
          : outcome.kind === "replayed"
            ? outcome.record.task.id
            : "none",
      );
      expect(new Set(ids).size).toBe(1);
      expect(outcomes.filter(({ kind }) => kind === "inserted")).toHaveLength(1);
    });

    test("an idempotency key that is already used prevents the insert of the whole request", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await insertTasks(storage, [buildKeyedTask(job.id, "k4")]);
      const fresh = buildKeyedTask(job.id, "k5");

      const outcome = await storage.queue.insert([fresh, buildKeyedTask(job.id, "k4")], OPTIONS);

      expect(outcome.kind).toBe("replayed");
      expect(await storage.tasks.find(fresh.id)).toBeUndefined();
    });
  });

  describe("task queries", () => {
    test("task queries return a room's tasks, newest first, by status and by job", async () => {
      const { storage } = getFixture();
      const roomId = `room-${newId()}`;
      const job = await registerJob(storage, { roomId });
      const other = await registerJob(storage, { roomId });
      const [a, b] = await insertTasks(storage, [
        buildTask(job.id, { roomId }),
        buildTask(other.id, { roomId }),
      ]);
      const c = await insertPendingTask(storage, job, { roomId });
      await transitionTask(storage, { id: c.task.id, to: "cancelled" });
      const page = { limit: 10, offset: 0 };
      const listIds = async (
        filter: { statuses?: "pending"[]; jobIds?: string[] },
        window: TaskWindow = page,
      ) => {
        const listed = await storage.tasks.list({ roomId, ...filter }, window);
        return listed && [...listed.items.map(({ task }) => task.id), listed.total];
      };

      expect(await listIds({})).toEqual([c.task.id, b?.task.id, a?.task.id, 3]);
      expect(await listIds({}, { limit: 1, offset: 1 })).toEqual([b?.task.id, 3]);
      expect(await listIds({ statuses: ["pending"] })).toEqual([b?.task.id, a?.task.id, 2]);
      expect(await listIds({ jobIds: [job.id] })).toEqual([c.task.id, a?.task.id, 2]);
      expect(await listIds({ jobIds: ["no-uuid"] })).toEqual([0]);
      expect(await listIds({}, { ...page, after: c.task.id })).toEqual([b?.task.id, a?.task.id, 3]);
      expect(await listIds({ jobIds: [job.id] }, { ...page, after: b?.task.id })).toEqual([a?.task.id, 2]);
      for (const after of [
        newId(),
        "no-uuid",
        (await insertPendingTask(storage, await registerJob(storage))).task.id,
      ]) {
        expect(await listIds({}, { ...page, after })).toBeUndefined();
      }
    });

    test("task queries return nothing for an id that is not a UUID", async () => {
      expect(await getFixture().storage.tasks.find("1'; drop table task")).toBeUndefined();
    });

    test("task queries return the queue position among the due tasks of the same job", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const [low, delayed, urgent, last] = await insertTasks(storage, [
        buildTask(job.id, { priority: -1 }),
        buildTask(job.id, { start: { inSeconds: 60 } }),
        buildTask(job.id, { priority: 5 }),
        buildTask(job.id),
      ]);
      const positions = async () =>
        Promise.all(
          [low, delayed, urgent, last].map(
            async (record) => (await readTask(storage, record?.task.id ?? "", true)).queuePosition,
          ),
        );

      expect(await positions()).toEqual([3, null, 1, 2]);
      await storage.queue.claim(job.workerId, 1, false);
      expect(await positions()).toEqual([2, null, null, 1]);
    });
  });
};
