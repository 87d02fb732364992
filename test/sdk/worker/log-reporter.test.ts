import { expect, test } from "vitest";
import type { NewLogLine } from "../../../protocol/index.ts";
import { MAX_LINE_LENGTH, MAX_LINES_PER_ATTEMPT } from "../../../protocol/index.ts";
import { formatLine } from "../../../sdk/worker/run-extension.ts";
import { LogReporter } from "../../../sdk/worker/task-reports.ts";

const createReporter = () => {
  const sent: NewLogLine[][] = [];
  const reporter = new LogReporter(async (lines) => void sent.push(lines));
  return { sent, reporter };
};

test("the log reporter sends numbered lines in order: the first line immediately, and the following lines in one request", async () => {
  const { sent, reporter } = createReporter();
  reporter.add("info", "one");
  reporter.add("warn", "two\nthree");
  await reporter.idle();

  expect(sent.map((lines) => lines.map(({ number, level, text }) => [number, level, text]))).toEqual([
    [[0, "info", "one"]],
    [
      [1, "warn", "two"],
      [2, "warn", "three"],
    ],
  ]);
});

test("the log reporter truncates and sanitizes lines, and replaces the last line of an attempt by a notice", async () => {
  const { sent, reporter } = createReporter();
  reporter.add("info", `a\u0000b\ud800${"x".repeat(3000)}`);
  for (let line = 1; line < MAX_LINES_PER_ATTEMPT + 10; line += 1) {
    reporter.add("info", `${line}`);
    if (line % 1000 === 0) await reporter.idle();
  }
  await reporter.idle();

  const all = sent.flat();
  expect(all).toHaveLength(MAX_LINES_PER_ATTEMPT);
  expect(all[0]?.text).toHaveLength(MAX_LINE_LENGTH);
  expect(all[0]?.text).toMatch(/^a\ufffdb\ufffdx/);
  expect(all.at(-1)?.text).toMatch(/further lines/);
});

test("the log reporter sends the beginning of a text with too many lines", async () => {
  const { sent, reporter } = createReporter();
  reporter.add("info", "line\n".repeat(MAX_LINES_PER_ATTEMPT + 10));
  await reporter.idle();

  expect(sent.flat().at(-1)).toMatchObject({
    number: MAX_LINES_PER_ATTEMPT - 1,
    text: expect.stringMatching(/further lines/),
  });
});

test("the log reporter continues with the next lines after a failed request", async () => {
  let calls = 0;
  const reporter = new LogReporter(async () => {
    calls += 1;
    if (calls === 1) throw new Error("unreachable");
  });
  reporter.add("info", "one");
  await reporter.idle();
  reporter.add("info", "two");
  await reporter.idle();

  expect(calls).toBe(2);
});

test("the log reporter formats fields after the message", () => {
  const fields = { steps: 3, name: "a b", err: new Error("broken") };

  expect(formatLine(fields, "minimised")).toBe('minimised steps=3 name="a b" err=broken');
  expect(formatLine({}, "done")).toBe("done");
});
