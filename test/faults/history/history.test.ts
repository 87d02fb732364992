import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readHistory } from "./history.ts";
import { Recorder } from "./recorder.ts";

const createFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "joblib-history-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test("a history contains the operations of all processes in the order in which they began", () => {
  const folder = createFolder();
  using one = new Recorder(join(folder, "one.jsonl"), "one");
  using two = new Recorder(join(folder, "two.jsonl"), "two");
  const first = one.invoke("submit", { token: "a" });
  const second = two.invoke("claim", { worker: "w" });
  second.fail({ problem: "task-lost", http: 409 });
  first.ok({
    http: 202,
    tasks: [{ id: "t", room: "r", status: "pending", attempt: 0, result: { by: "w" } }],
  });
  one.fault("cut");

  const { operations, notes } = readHistory(folder);

  expect(operations).toMatchObject([
    {
      process: "one",
      operation: "submit",
      outcome: "ok",
      input: { token: "a" },
      output: { tasks: [{ id: "t" }] },
    },
    { process: "two", operation: "claim", outcome: "fail", output: { problem: "task-lost" } },
  ]);
  expect(operations[0]?.end).toBeGreaterThan(operations[0]?.begin ?? Number.NaN);
  expect(notes).toMatchObject([{ note: "fault", kind: "cut" }]);
});

test("a history lists the unfinished operation of a killed process as unknown, and omits the incomplete line of that process", () => {
  const folder = createFolder();
  using recorder = new Recorder(join(folder, "killed.jsonl"), "killed");
  recorder.invoke("submit", { token: "a" });
  appendFileSync(join(folder, "killed.jsonl"), '{"t":1,"process":"kil');

  expect(readHistory(folder).operations).toMatchObject([
    { outcome: "unknown", end: Number.POSITIVE_INFINITY, output: {} },
  ]);
});
