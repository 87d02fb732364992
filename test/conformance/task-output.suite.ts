import { describe, expect, test } from "vitest";
import type { AppendedOutput } from "../../server/storage/ports/task-outputs.ts";
import {
  insertRunningTask,
  newId,
  registerJob,
  type StorageFixture,
  transitionTask,
} from "./storage-fixture.ts";

const MAX_BYTES = 10_000;

export const taskOutputSuite = (getFixture: () => StorageFixture): void => {
  const startTask = async () => {
    const { storage } = getFixture();
    const job = await registerJob(storage);
    const { task } = await insertRunningTask(storage, job);
    const append = (
      number: number,
      parts: readonly unknown[],
      other: { attempt?: number; workerId?: string; maxBytes?: number } = {},
    ): Promise<AppendedOutput | undefined> => {
      const json = JSON.stringify(parts);
      const size = { json, count: parts.length, bytes: json.length, maxBytes: MAX_BYTES };
      const lease = { taskId: task.id, attempt: task.attempt, workerId: job.workerId };
      return storage.taskOutputs.append({ ...lease, ...size, number, ...other });
    };
    const read = (number = 0, attempt = task.attempt) =>
      storage.taskOutputs.read(task.id, { attempt, number });
    return { storage, job, task, append, read };
  };

  describe("output of a task", () => {
    test("the output of a task returns its parts in order, from any part number", async () => {
      const { append, read } = await startTask();

      expect(await append(0, ["a", { n: 1 }])).toEqual({ isStored: true, next: 0, bytes: 0 });
      expect(await append(2, ["c", null, [1.5], 'ü\\"'])).toMatchObject({ isStored: true, next: 2 });

      const all = ["a", { n: 1 }, "c", null, [1.5], 'ü\\"'];
      for (let number = 0; number <= all.length; number += 1)
        expect(await read(number)).toEqual(all.slice(number));
      expect(await read(100)).toEqual([]);
      expect(await read(0, 2)).toEqual([]);
    });

    test("the output of a task is not changed by an append that does not begin at the next part number", async () => {
      const { append, read } = await startTask();
      await append(0, ["a", "b"]);

      expect(await append(1, ["x", "y"])).toMatchObject({ isStored: false, next: 2 });
      expect(await append(3, ["x"])).toMatchObject({ isStored: false, next: 2 });
      expect(await append(0, ["x"])).toMatchObject({ isStored: false, next: 2 });

      expect(await read()).toEqual(["a", "b"]);
    });

    test("the output of a task grows only up to its size limit", async () => {
      const { append, read } = await startTask();
      const part = "x".repeat(50);

      expect(await append(0, [part], { maxBytes: 100 })).toMatchObject({ isStored: true });
      expect(await append(1, [part], { maxBytes: 100 })).toEqual({ isStored: false, next: 1, bytes: 54 });
      expect(await append(1, [part], { maxBytes: 108 })).toMatchObject({ isStored: true });

      expect(await read()).toEqual([part, part]);
    });

    test("the output of a task accepts parts only from the worker and the attempt that run the task", async () => {
      const { storage, task, append, read } = await startTask();

      expect(await append(0, ["x"], { attempt: task.attempt + 1 })).toBeUndefined();
      expect(await append(0, ["x"], { workerId: newId() })).toBeUndefined();
      expect(await append(0, ["x"], { workerId: "no-uuid" })).toBeUndefined();
      await transitionTask(storage, { id: task.id, to: "completed" });
      expect(await append(0, ["x"])).toBeUndefined();

      expect(await read()).toEqual([]);
      expect(await storage.taskOutputs.read("no-uuid", { attempt: 1, number: 0 })).toEqual([]);
    });

    test("the output of a task stores the parts of only one of several concurrent appends with the same part number", async () => {
      const { append, read } = await startTask();

      const outcomes = await Promise.all(["a", "b", "c", "d"].map((part) => append(0, [part])));

      expect(outcomes.filter((outcome) => outcome?.isStored === true)).toHaveLength(1);
      expect(await read()).toHaveLength(1);
    });

    test("the outputs of many tasks accept concurrent appends", async () => {
      const tasks = await Promise.all(Array.from({ length: 20 }, startTask));

      for (let number = 0; number < 3; number += 1) {
        const outcomes = await Promise.all(
          tasks.map(({ append }, index) => append(number, [[index, number]])),
        );
        expect(outcomes.every((outcome) => outcome?.isStored === true)).toBe(true);
      }

      for (const [index, { read }] of tasks.entries())
        expect(await read()).toEqual([0, 1, 2].map((number) => [index, number]));
    });

    test("the output of a task is returned in pages of limited size", async () => {
      const { append, read } = await startTask();
      const parts = Array.from({ length: 30 }, (_, index) => `${index} ${"x".repeat(20_000)}`);
      for (const [number, part] of parts.entries()) await append(number, [part], { maxBytes: 1e9 });

      const all: unknown[] = [];
      for (let page = await read(); page.length > 0; page = await read(all.length)) {
        expect(JSON.stringify(page).length).toBeLessThan(200_000);
        all.push(...page);
      }

      expect(all).toEqual(parts);
    });

    test("the output of a task is deleted with its task", async () => {
      const { storage, task, append, read } = await startTask();
      await append(0, ["a"]);
      await transitionTask(storage, { id: task.id, to: "completed" });
      expect(await read()).toEqual(["a"]);

      while ((await storage.sweep.deleteOldTasks(0, 1000)) > 0);

      expect(await read()).toEqual([]);
    });
  });
};
