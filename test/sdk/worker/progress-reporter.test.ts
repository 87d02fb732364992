import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Progress } from "../../../protocol/index.ts";
import { ProgressReporter } from "../../../sdk/worker/task-reports.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const createReporter = () => {
  const sent: Progress[] = [];
  const reporter = new ProgressReporter(async (progress) => void sent.push(progress));
  return { sent, reporter };
};

test("the progress reporter sends the first report immediately, and merges later reports into one report per 50 ms", async () => {
  const { sent, reporter } = createReporter();

  for (const fraction of [0.1, 0.2, 0.3]) reporter.report(fraction);
  expect(sent).toEqual([{ fraction: 0.1 }]);
  await vi.advanceTimersByTimeAsync(49);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent).toEqual([{ fraction: 0.1 }, { fraction: 0.3 }]);

  for (let ms = 0; ms < 1_000; ms += 1) {
    reporter.report(ms / 1_000);
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(sent.length - 2).toBeLessThanOrEqual(20);
});

test("the progress reporter sends the latest report without delay when the task ends", async () => {
  const { sent, reporter } = createReporter();

  reporter.report(0.5, "half way");
  reporter.report(0.9);
  await reporter.idle();

  expect(sent.at(-1)).toEqual({ fraction: 0.9, message: "half way" });
});
