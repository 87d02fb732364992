import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { TaskTable } from "../../../sdk/worker/task-table.ts";
import { WaitGroup } from "../../../sdk/worker/wait-group.ts";

describe("TaskTable", () => {
  test("finds every task that was added and not deleted", () => {
    const table = new TaskTable<{ readonly id: string }>();
    const tasks = Array.from({ length: 2000 }, () => ({ id: randomUUID() }));
    for (const task of tasks) table.add(task);
    const [removed, kept] = [
      tasks.filter((_, index) => index % 3 === 0),
      tasks.filter((_, index) => index % 3 > 0),
    ];

    const deleted = removed.map((task) => table.delete(task));

    expect(deleted.every(Boolean)).toBe(true);
    expect(table.size).toBe(kept.length);
    expect(new Set(table)).toEqual(new Set(kept));
    expect(kept.every((task) => table.findAll(task.id).includes(task))).toBe(true);
    expect(removed.some((task) => table.findAll(task.id).length > 0)).toBe(false);
  });

  test("deletes only the given object, not another one with the same id", () => {
    const table = new TaskTable<{ readonly id: string; readonly attempt: number }>();
    const first = { id: "a", attempt: 1 };
    const second = { id: "a", attempt: 2 };
    table.add(second);

    expect(table.delete(first)).toBe(false);
    expect(table.findAll("a")).toEqual([second]);
    expect(table.delete(second)).toBe(true);
    expect([...table]).toEqual([]);
  });

  test("accepts ids of any length", () => {
    const table = new TaskTable<{ readonly id: string }>();
    const tasks = ["", "x", "\u{1F9EA}"].map((id) => ({ id }));

    for (const task of tasks) table.add(task);

    expect(tasks.flatMap(({ id }) => table.findAll(id))).toEqual(tasks);
  });
});

test("a wait group waits for all operations, including those added during the wait", async () => {
  const group = new WaitGroup();
  await group.wait();
  group.add();
  let isDone = false;
  const waiting = group.wait().then(() => {
    isDone = true;
  });

  group.done();
  group.add();
  await Promise.resolve();
  await Promise.resolve();
  const wasDoneEarly = isDone;
  group.done();
  await waiting;

  expect(wasDoneEarly).toBe(false);
  expect(group.count).toBe(0);
});
