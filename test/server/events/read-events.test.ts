import { expect, test } from "vitest";
import { readEvents } from "../../../server/events/redis-messages.ts";

const changed = { kind: "task-changed", taskId: "t", roomId: "lab", workerId: null, status: "running" };

test("a message of the event bus contains one event or a list of events", () => {
  const ended = { ...changed, status: "completed" };

  expect(readEvents(JSON.stringify(changed))).toEqual([changed]);
  expect(readEvents(JSON.stringify([changed, ended]))).toEqual([changed, ended]);
});

test("a message of the event bus with an unknown event or invalid JSON is parsed as undefined", () => {
  expect(readEvents(JSON.stringify([changed, { kind: "of tomorrow" }]))).toEqual([changed, undefined]);
  expect(readEvents('{"kind":"of tomorrow"}')).toEqual([undefined]);
  expect(readEvents("no JSON")).toEqual([undefined]);
});
