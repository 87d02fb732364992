import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { WaitGroup } from "../../../sdk/worker/wait-group.ts";
import { createClaimedTask, createSession } from "./claim.ts";

describe("the tasks of a worker", () => {
  test("the tasks of a worker are all tasks that were added and not removed", () => {
    const session = createSession();
    const tasks = Array.from({ length: 2000 }, () => createClaimedTask({ id: randomUUID() }));
    const [removed, kept] = [
      tasks.filter((_, index) => index % 3 === 0),
      tasks.filter((_, index) => index % 3 > 0),
    ];

    expect(session.addTasks(tasks)).toEqual(tasks);
    for (const task of removed) session.removeTask(task);

    expect(session.tasks).toHaveLength(kept.length);
    expect(new Set(session.tasks)).toEqual(new Set(kept));
    expect(session.addTasks(kept.map(({ id }) => createClaimedTask({ id })))).toEqual([]);
  });

  test("the tasks of a worker keep one attempt of a task if another attempt of this task is removed", () => {
    const session = createSession();
    const first = createClaimedTask({ id: "a", attempt: 1 });
    const second = createClaimedTask({ id: "a", attempt: 2 });
    session.addTasks([second]);

    session.removeTask(first);
    expect(session.tasks).toEqual([second]);
    session.removeTask(second);
    expect(session.tasks).toEqual([]);
  });

  test("the tasks of a worker include an earlier attempt of the same task that has lost its lease", () => {
    const session = createSession();
    const first = createClaimedTask({ id: "a", attempt: 1 });
    const second = createClaimedTask({ id: "a", attempt: 2 });

    session.addTasks([first]);
    session.addTasks([second]);

    expect(session.tasks.map(({ attempt, hasLease }) => [attempt, hasLease])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  test("the tasks of a worker may have ids of any length", () => {
    const session = createSession();
    const tasks = ["", "x", "\u{1F9EA}"].map((id) => createClaimedTask({ id }));

    session.addTasks(tasks);

    expect(session.tasks).toEqual(tasks);
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
