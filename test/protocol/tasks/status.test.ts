import { expect, test } from "vitest";
import {
  canMove,
  getOrigins,
  getPatchTargets,
  isLeased,
  isPatchable,
  isTerminal,
  TaskStatus,
} from "../../../protocol/index.ts";

test("canMove allows exactly the transitions of the state machine", () => {
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

test("completed, failed and cancelled are the terminal statuses", () => {
  expect(TaskStatus.options.filter(isTerminal)).toEqual(["completed", "failed", "cancelled"]);
});

test("a PATCH cannot set the status pending or claimed", () => {
  expect(TaskStatus.options.filter(isPatchable)).toEqual(["running", "completed", "failed", "cancelled"]);
  expect(getPatchTargets("pending")).toEqual(["cancelled"]);
  expect(getPatchTargets("claimed")).toEqual(["running", "failed", "cancelled"]);
  expect(getPatchTargets("running")).toEqual(["completed", "failed", "cancelled"]);
  expect(getPatchTargets("completed")).toEqual([]);
});

test("getOrigins returns every status from which the given status can be reached", () => {
  expect(getOrigins("completed")).toEqual(["running"]);
  expect(getOrigins("failed")).toEqual(["claimed", "running"]);
  expect(getOrigins("cancelled")).toEqual(["pending", "claimed", "running"]);
});

test("claimed and running are the only statuses in which a worker has a lease", () => {
  expect(TaskStatus.options.filter(isLeased)).toEqual(["claimed", "running"]);
});
