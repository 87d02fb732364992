import { describe, expect, test } from "vitest";
import { canMove, PATCHABLE_STATUSES, type Task, TaskStatus } from "../../protocol/index.ts";
import {
  ageTask,
  buildTask,
  claimOne,
  insertPendingTask,
  insertRunningTask,
  insertTasks,
  newId,
  type RegisteredJobFixture,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
  transitionTask,
} from "./storage-fixture.ts";

const WITHOUT_JITTER = { kind: "exponential", seconds: 10, max_seconds: 25, jitter: 0 } as const;

/** Inserts a task, changes its status to `status`, and returns its id. */
const insertTaskWithStatus = async (
  fixture: StorageFixture,
  job: RegisteredJobFixture,
  status: TaskStatus,
): Promise<string> => {
  const { storage } = fixture;
  const { task } = await insertPendingTask(storage, job);
  if (status === "pending") return task.id;
  await claimOne(storage, job.workerId, status !== "claimed");
  if (status === "completed" || status === "failed" || status === "cancelled") {
    await transitionTask(storage, { id: task.id, to: status });
  }
  return task.id;
};

/** Returns the delay of the next attempt in seconds: from the last failure to `run_at`. */
const getDelay = ({ errors, run_at }: Pick<Task, "errors" | "run_at">) =>
  (Date.parse(run_at) - Date.parse(errors.at(-1)?.at ?? "")) / 1000;

/** Tests of transitions: the state machine, fences, failures and retries. */
export const taskStepsSuite = (getFixture: () => StorageFixture): void => {
  describe("transition", () => {
    const cases = TaskStatus.options.flatMap((from) => PATCHABLE_STATUSES.map((to) => [from, to] as const));
    test.each(cases)("a transition follows the state machine from %s to %s", async (from, to) => {
      const { storage } = getFixture();
      const id = await insertTaskWithStatus(getFixture(), await registerJob(storage), from);
      const before = await readTask(storage, id);

      const moved = await storage.queue.transition({ id, to });

      const after = await readTask(storage, id);
      expect(moved === undefined).toBe(!canMove(from, to));
      expect(after.task.status).toBe(moved === undefined ? from : to);
      expect(after.version).toBe(before.version + (moved === undefined ? 0 : 1));
      expect(after).toEqual(moved ?? before);
    });

    test("a transition with a worker and an attempt has no effect if the task has another worker or attempt", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const other = await registerWorker(storage, job);
      const { id } = (await insertRunningTask(storage, job)).task;
      const to = "completed";

      expect(await storage.queue.transition({ id, to, workerId: other })).toBeUndefined();
      expect(await storage.queue.transition({ id, to, workerId: "no-uuid" })).toBeUndefined();
      expect(await storage.queue.transition({ id, to, attempt: 2 })).toBeUndefined();
      expect(await storage.queue.transition({ id: "no-uuid", to })).toBeUndefined();
      expect(await storage.queue.transition({ id: newId(), to })).toBeUndefined();
      expect(await storage.queue.transition({ id, to, workerId: job.workerId, attempt: 1 })).toBeDefined();
    });

    test.each([
      [{ a: [1, "ü"] }],
      ["text"],
      [0],
      [false],
      [null],
      [[]],
    ])("a transition stores the result %j", async (result) => {
      const { storage } = getFixture();
      const { id } = (await insertRunningTask(storage, await registerJob(storage))).task;

      await transitionTask(storage, { id, to: "completed", result, progress: { fraction: 1 } });

      const { task } = await readTask(storage, id);
      expect(task).toMatchObject({ result, error: null, progress: { fraction: 1 } });
      expect(task.completed_at).not.toBeNull();
    });

    test("a transition keeps the order of a result's members", async () => {
      const { storage } = getFixture();
      const { id } = (await insertRunningTask(storage, await registerJob(storage))).task;
      const result = { turned: true, angle: 90, axis: { z: 1, aa: 0 } };

      await transitionTask(storage, { id, to: "completed", result });

      expect(JSON.stringify((await readTask(storage, id)).task.result)).toBe(JSON.stringify(result));
    });

    test("a transition keeps the worker of a cancelled task, so that the worker can be notified", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { id } = (await insertRunningTask(storage, job)).task;

      const cancelled = await transitionTask(storage, { id, to: "cancelled" });

      expect(cancelled).toMatchObject({ workerUserId: "worker-user", task: { worker_id: job.workerId } });
    });

    test("only one of ten concurrent transitions of a task succeeds", async () => {
      const { storage } = getFixture();
      const { id } = (await insertRunningTask(storage, await registerJob(storage))).task;
      const targets = ["completed", "failed", "cancelled"] as const;

      const moved = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          storage.queue.transition({ id, to: targets[index % 3] ?? "failed" }),
        ),
      );

      expect(moved.filter((record) => record !== undefined)).toHaveLength(1);
    });
  });

  describe("progress", () => {
    test("progress is stored only for a running task, and only if the worker and the attempt match", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { id } = (await insertRunningTask(storage, job)).task;
      const progress = { fraction: 0.5, message: "half" };

      const fenced = await storage.queue.reportProgress({ id, progress, workerId: job.workerId, attempt: 2 });
      const reported = await storage.queue.reportProgress({
        id,
        progress,
        workerId: job.workerId,
        attempt: 1,
      });
      await transitionTask(storage, { id, to: "completed" });
      const late = await storage.queue.reportProgress({ id, progress });

      expect([fenced, late]).toEqual([undefined, undefined]);
      expect(reported?.task.progress).toEqual(progress);
    });
  });

  describe("failure", () => {
    test("a failure is final if no attempts are left, and is added to the errors", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { id } = (await insertRunningTask(storage, job)).task;

      const { task } = await transitionTask(storage, {
        id,
        to: "failed",
        error: "boom",
        result: { partial: 1 },
      });

      expect(task).toMatchObject({ status: "failed", error: "boom", runs: 1, result: { partial: 1 } });
      expect(task).toMatchObject({ worker_id: job.workerId });
      expect(task.errors).toEqual([
        {
          attempt: 1,
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          error: "boom",
          worker_id: job.workerId,
          outcome: "failed",
          claimed_at: expect.stringMatching(/Z$/),
          started_at: task.started_at,
        },
      ]);
    });

    test("a failure counts as a run, even if the task was not started", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      await insertPendingTask(storage, job);
      const { task } = await claimOne(storage, job.workerId);

      const failed = await transitionTask(storage, { id: task.id, to: "failed", error: "unknown job" });

      expect(failed.task).toMatchObject({ status: "failed", runs: 1, started_at: null });
    });

    test("a failed task becomes pending while attempts are left, each time with a longer delay up to the maximum", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const [first, behind] = await insertTasks(storage, [
        buildTask(job.id, { maxAttempts: 4, backoff: WITHOUT_JITTER }),
        buildTask(job.id),
      ]);
      const id = first?.task.id ?? "";
      for (const delay of [10, 20, 25]) {
        await claimOne(storage, job.workerId, true);
        const { task } = await transitionTask(storage, {
          id,
          to: "failed",
          error: "boom",
          progress: { fraction: 1 },
        });
        expect(task).toMatchObject({ status: "pending", worker_id: null, started_at: null, error: null });
        expect(task).toMatchObject({ progress: null, result: null, completed_at: null });
        expect(getDelay(task)).toBeCloseTo(delay, 1);
        await ageTask(getFixture(), id, 30);
      }
      const last = await claimOne(storage, job.workerId, true);
      const { task } = await transitionTask(storage, { id, to: "failed", error: "last" });

      expect(last.task.id).toBe(id);
      expect(task).toMatchObject({ status: "failed", error: "last", runs: 4, attempt: 4 });
      expect(task.errors.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
      expect((await claimOne(storage, job.workerId)).task.id).toBe(behind?.task.id);
    });

    test("a failure delays the next attempt by the fixed backoff, within its jitter", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const backoff = { kind: "fixed", seconds: 1000, max_seconds: 1, jitter: 0.5 } as const;
      const delays: number[] = [];
      for (let count = 0; count < 8; count += 1) {
        const { id } = (await insertRunningTask(storage, job, { maxAttempts: 2, backoff })).task;
        const { task } = await transitionTask(storage, { id, to: "failed", error: "no" });
        delays.push(getDelay(task));
      }

      expect(Math.min(...delays)).toBeGreaterThan(499.9);
      expect(Math.max(...delays)).toBeLessThan(1500.1);
      expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(1);
    });

    test("a failure keeps the task's queue position if the delay is zero", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const backoff = { ...WITHOUT_JITTER, seconds: 0 };
      const { id } = (await insertRunningTask(storage, job, { maxAttempts: 2, backoff })).task;
      await insertPendingTask(storage, job);

      await transitionTask(storage, { id, to: "failed", error: "no" });

      expect((await claimOne(storage, job.workerId)).task).toMatchObject({ id, attempt: 2 });
    });
  });

  describe("retry", () => {
    test.each([
      "failed",
      "cancelled",
    ] as const)("a retry makes a %s task pending at the end of the queue", async (to) => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { id } = (await insertRunningTask(storage, job)).task;
      await transitionTask(storage, { id, to, error: "why" });
      const { task: waiting } = await insertPendingTask(storage, job);

      const [retried] = await storage.tasks.retry([id]);

      expect(retried?.task).toMatchObject({
        status: "pending",
        runs: 0,
        attempt: 1,
        error: null,
        result: null,
        worker_id: null,
        started_at: null,
        completed_at: null,
      });
      expect(retried?.task.errors).toHaveLength(to === "failed" ? 1 : 0);
      const order = await storage.queue.claim(job.workerId, 2, false);
      expect(order?.map(({ task }) => task.id)).toEqual([waiting.id, id]);
    });

    test("a retry fails if the task is completed, if its job was removed, or if it does not exist", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const completed = await insertTaskWithStatus(getFixture(), job, "completed");
      const failed = await insertTaskWithStatus(getFixture(), job, "failed");
      expect(await storage.tasks.retry([completed])).toEqual([]);

      await storage.workers.remove(job.workerId, "left");

      expect(await storage.tasks.retry([failed])).toEqual([]);
      expect(await storage.tasks.retry(["no-uuid"])).toEqual([]);
    });
  });
};
