import { expect, test } from "vitest";
import {
  allowedByPatch,
  canMove,
  isHeld,
  isPatchable,
  isTerminal,
  originsOf,
  TaskStatus,
} from "../../protocol/index.ts";

test("every status leads where the protocol's table says, and nowhere else", () => {
  const table = Object.fromEntries(
    TaskStatus.options.map((from) => [from, TaskStatus.options.filter((to) => canMove(from, to))]),
  );

  expect(table).toEqual({
    pending: ["claimed", "cancelled"],
    claimed: ["pending", "running", "failed", "cancelled"],
    running: ["pending", "completed", "failed", "cancelled"],
    completed: [],
    failed: [],
    cancelled: [],
  });
});

test("completed, failed and cancelled are the end", () => {
  expect(TaskStatus.options.filter(isTerminal)).toEqual(["completed", "failed", "cancelled"]);
});

test("a PATCH never leads to pending or claimed", () => {
  expect(TaskStatus.options.filter(isPatchable)).toEqual(["running", "completed", "failed", "cancelled"]);
  expect(allowedByPatch("pending")).toEqual(["cancelled"]);
  expect(allowedByPatch("claimed")).toEqual(["running", "failed", "cancelled"]);
  expect(allowedByPatch("running")).toEqual(["completed", "failed", "cancelled"]);
  expect(allowedByPatch("completed")).toEqual([]);
});

test("the guard of a statement is every status that leads there", () => {
  expect(originsOf("completed")).toEqual(["running"]);
  expect(originsOf("failed")).toEqual(["claimed", "running"]);
  expect(originsOf("cancelled")).toEqual(["pending", "claimed", "running"]);
});

test("a worker holds what is claimed or running", () => {
  expect(TaskStatus.options.filter(isHeld)).toEqual(["claimed", "running"]);
});
