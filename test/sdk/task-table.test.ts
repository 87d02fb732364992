import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { TaskTable } from "../../sdk/task-table.ts";
import { WaitGroup } from "../../sdk/wait-group.ts";

describe("a table of tasks", () => {
  test("finds by its id each that was added and not deleted", () => {
    const table = new TaskTable<{ readonly id: string }>();
    const tasks = Array.from({ length: 2000 }, () => ({ id: randomUUID() }));
    for (const task of tasks) table.add(task);
    const [gone, kept] = [
      tasks.filter((_, index) => index % 3 === 0),
      tasks.filter((_, index) => index % 3 > 0),
    ];

    const deleted = gone.map((task) => table.delete(task));

    expect(deleted.every(Boolean)).toBe(true);
    expect(table.size).toBe(kept.length);
    expect(new Set(table)).toEqual(new Set(kept));
    expect(kept.every((task) => table.find(task.id) === task)).toBe(true);
    expect(gone.some((task) => table.find(task.id) !== undefined)).toBe(false);
  });

  test("deletes what it was given, and not another of that id", () => {
    const table = new TaskTable<{ readonly id: string; readonly attempt: number }>();
    const first = { id: "a", attempt: 1 };
    const second = { id: "a", attempt: 2 };
    table.add(second);

    expect(table.delete(first)).toBe(false);
    expect(table.find("a")).toBe(second);
    expect(table.delete(second)).toBe(true);
    expect([...table]).toEqual([]);
  });

  test("takes an id of whatever length", () => {
    const table = new TaskTable<{ readonly id: string }>();
    const tasks = ["", "x", "\u{1F9EA}"].map((id) => ({ id }));

    for (const task of tasks) table.add(task);

    expect(tasks.map(({ id }) => table.find(id))).toEqual(tasks);
  });
});

test("a wait group waits until nothing is under way, also for what came meanwhile", async () => {
  const group = new WaitGroup();
  await group.wait();
  group.add();
  let isOver = false;
  const waiting = group.wait().then(() => {
    isOver = true;
  });

  group.done();
  group.add();
  await Promise.resolve();
  await Promise.resolve();
  const early = isOver;
  group.done();
  await waiting;

  expect(early).toBe(false);
  expect(group.count).toBe(0);
});
