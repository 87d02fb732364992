import { describe, expect, test } from "vitest";
import { canMove, PATCHABLE_STATUSES, TaskStatus } from "../../protocol/index.ts";
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

const steady = { kind: "exponential", seconds: 10, max_seconds: 25, jitter: 0 } as const;

/** A task that was led to a status. */
const insertTaskIn = async (
  opened: StorageFixture,
  job: RegisteredJobFixture,
  status: TaskStatus,
): Promise<string> => {
  const { storage } = opened;
  const { task } = await insertPendingTask(storage, job);
  if (status === "pending") return task.id;
  await claimOne(storage, job.workerId, status !== "claimed");
  if (status === "completed" || status === "failed" || status === "cancelled") {
    await transitionTask(storage, { id: task.id, to: status });
  }
  return task.id;
};

/** Seconds from now to a task's `run_at`. */
const secondsAhead = (time: string) => (Date.parse(time) - Date.now()) / 1000;

/** A task's steps: the state machine, its fences, failures, retries. */
export const taskStepsSuite = (given: () => StorageFixture): void => {
  describe("a step", () => {
    const cases = TaskStatus.options.flatMap((from) => PATCHABLE_STATUSES.map((to) => [from, to] as const));
    test.each(cases)("from %s to %s is as the state machine says", async (from, to) => {
      const { storage } = given();
      const id = await insertTaskIn(given(), await registerJob(storage), from);
      const before = await readTask(storage, id);

      const moved = await storage.tasks.transition({ id, to });

      const after = await readTask(storage, id);
      expect(moved === undefined).toBe(!canMove(from, to));
      expect(after.task.status).toBe(moved === undefined ? from : to);
      expect(after.version).toBe(before.version + (moved === undefined ? 0 : 1));
      expect(after).toEqual(moved ?? before);
    });

    test("needs the worker and the attempt that it names", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const other = await registerWorker(storage, job);
      const { id } = (await insertRunningTask(storage, job)).task;
      const to = "completed";

      expect(await storage.tasks.transition({ id, to, workerId: other })).toBeUndefined();
      expect(await storage.tasks.transition({ id, to, workerId: "no-uuid" })).toBeUndefined();
      expect(await storage.tasks.transition({ id, to, attempt: 2 })).toBeUndefined();
      expect(await storage.tasks.transition({ id: "no-uuid", to })).toBeUndefined();
      expect(await storage.tasks.transition({ id: newId(), to })).toBeUndefined();
      expect(await storage.tasks.transition({ id, to, workerId: job.workerId, attempt: 1 })).toBeDefined();
    });

    test.each([
      [{ a: [1, "ü"] }],
      ["text"],
      [0],
      [false],
      [null],
      [[]],
    ])("keeps the result %j", async (result) => {
      const { storage } = given();
      const { id } = (await insertRunningTask(storage, await registerJob(storage))).task;

      await transitionTask(storage, { id, to: "completed", result, progress: { fraction: 1 } });

      const { task } = await readTask(storage, id);
      expect(task).toMatchObject({ result, error: null, progress: { fraction: 1 } });
      expect(task.completed_at).not.toBeNull();
    });

    test("keeps a result's members in the order in which they were written", async () => {
      const { storage } = given();
      const { id } = (await insertRunningTask(storage, await registerJob(storage))).task;
      const result = { turned: true, angle: 90, axis: { z: 1, aa: 0 } };

      await transitionTask(storage, { id, to: "completed", result });

      expect(JSON.stringify((await readTask(storage, id)).task.result)).toBe(JSON.stringify(result));
    });

    test("that cancels keeps the worker's name, so that it can be told", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const { id } = (await insertRunningTask(storage, job)).task;

      const cancelled = await transitionTask(storage, { id, to: "cancelled" });

      expect(cancelled).toMatchObject({ workerUserId: "worker-user", task: { worker_id: job.workerId } });
    });

    test("taken by ten at once happens once", async () => {
      const { storage } = given();
      const { id } = (await insertRunningTask(storage, await registerJob(storage))).task;
      const targets = ["completed", "failed", "cancelled"] as const;

      const moved = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          storage.tasks.transition({ id, to: targets[index % 3] ?? "failed" }),
        ),
      );

      expect(moved.filter((record) => record !== undefined)).toHaveLength(1);
    });
  });

  describe("progress", () => {
    test("is kept of a running task, under the same fence", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const { id } = (await insertRunningTask(storage, job)).task;
      const progress = { fraction: 0.5, message: "half" };

      const fenced = await storage.tasks.report({ id, progress, workerId: job.workerId, attempt: 2 });
      const reported = await storage.tasks.report({ id, progress, workerId: job.workerId, attempt: 1 });
      await transitionTask(storage, { id, to: "completed" });
      const late = await storage.tasks.report({ id, progress });

      expect([fenced, late]).toEqual([undefined, undefined]);
      expect(reported?.task.progress).toEqual(progress);
    });
  });

  describe("a failure", () => {
    test("is the end where no attempt is left, and is kept in the list of errors", async () => {
      const { storage } = given();
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

    test("of a task that was never started counts as a run", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      await insertPendingTask(storage, job);
      const { task } = await claimOne(storage, job.workerId);

      const failed = await transitionTask(storage, { id: task.id, to: "failed", error: "unknown job" });

      expect(failed.task).toMatchObject({ status: "failed", runs: 1, started_at: null });
    });

    test("is tried again while attempts are left, each time after a longer wait up to the cap", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const [first, behind] = await insertTasks(storage, [
        buildTask(job.id, { maxAttempts: 4, backoff: steady }),
        buildTask(job.id),
      ]);
      const id = first?.task.id ?? "";
      for (const wait of [10, 20, 25]) {
        await claimOne(storage, job.workerId, true);
        const { task } = await transitionTask(storage, {
          id,
          to: "failed",
          error: "boom",
          progress: { fraction: 1 },
        });
        expect(task).toMatchObject({ status: "pending", worker_id: null, started_at: null, error: null });
        expect(task).toMatchObject({ progress: null, result: null, completed_at: null });
        expect(Math.abs(secondsAhead(task.run_at) - wait)).toBeLessThan(5);
        await ageTask(given(), id, 30);
      }
      const last = await claimOne(storage, job.workerId, true);
      const { task } = await transitionTask(storage, { id, to: "failed", error: "last" });

      expect(last.task.id).toBe(id);
      expect(task).toMatchObject({ status: "failed", error: "last", runs: 4, attempt: 4 });
      expect(task.errors.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
      expect((await claimOne(storage, job.workerId)).task.id).toBe(behind?.task.id);
    });

    test("waits within the jitter around the wait, always the same where it is fixed", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const backoff = { kind: "fixed", seconds: 1000, max_seconds: 1, jitter: 0.5 } as const;
      const waits: number[] = [];
      for (let count = 0; count < 8; count += 1) {
        const { id } = (await insertRunningTask(storage, job, { maxAttempts: 2, backoff })).task;
        waits.push(
          secondsAhead((await transitionTask(storage, { id, to: "failed", error: "no" })).task.run_at),
        );
      }

      expect(Math.min(...waits)).toBeGreaterThan(490);
      expect(Math.max(...waits)).toBeLessThan(1510);
      expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(1);
    });

    test("without a wait is claimable at once, in its old place", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const backoff = { ...steady, seconds: 0 };
      const { id } = (await insertRunningTask(storage, job, { maxAttempts: 2, backoff })).task;
      await insertPendingTask(storage, job);

      await transitionTask(storage, { id, to: "failed", error: "no" });

      expect((await claimOne(storage, job.workerId)).task).toMatchObject({ id, attempt: 2 });
    });
  });

  describe("a retry", () => {
    test.each(["failed", "cancelled"] as const)("opens a %s task again, behind the others", async (to) => {
      const { storage } = given();
      const job = await registerJob(storage);
      const { id } = (await insertRunningTask(storage, job)).task;
      await transitionTask(storage, { id, to, error: "why" });
      const { task: waiting } = await insertPendingTask(storage, job);

      const retried = await storage.tasks.retry(id);

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
      const order = await storage.tasks.claim(job.workerId, 2, false);
      expect(order?.map(({ task }) => task.id)).toEqual([waiting.id, id]);
    });

    test("is refused where the task is neither, or its job is gone, or there is none", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const completed = await insertTaskIn(given(), job, "completed");
      const failed = await insertTaskIn(given(), job, "failed");
      expect(await storage.tasks.retry(completed)).toBeUndefined();

      await storage.workers.remove(job.workerId, "left");

      expect(await storage.tasks.retry(failed)).toBeUndefined();
      expect(await storage.tasks.retry("no-uuid")).toBeUndefined();
    });
  });
};
