import { expect, onTestFinished, test } from "vitest";
import { SuspensionDetector } from "../../sdk/suspension-detector.ts";

/** A watch on clocks that the test moves; `heard` are the seconds that it told of. */
const watching = () => {
  const at = { wall: 1_000_000, monotonic: 500 };
  const heard: number[] = [];
  const clocks = { wall: () => at.wall, monotonic: () => at.monotonic };
  const watch = new SuspensionDetector((seconds) => heard.push(seconds), clocks);
  onTestFinished(() => watch.stop());
  const pass = (wall: number, monotonic = wall) => {
    at.wall += wall;
    at.monotonic += monotonic;
    watch.check();
  };
  return { heard, pass };
};

test("time that passes for both clocks is nothing to tell", () => {
  const { heard, pass } = watching();
  for (const ms of [1000, 1400, 900, 5500]) pass(ms);
  expect(heard).toEqual([]);
});

test("a suspended machine's wall clock runs ahead of its monotonic one", () => {
  const { heard, pass } = watching();
  pass(1000);
  pass(3 * 3600 * 1000 + 1000, 1000);
  pass(1000);
  expect(heard).toEqual([3 * 3600]);
});

test("a stopped process finds both ahead of its timer", () => {
  const { heard, pass } = watching();
  pass(91_000);
  expect(heard).toEqual([90]);
});

test("a wall clock that is set back is no standstill", () => {
  const { heard, pass } = watching();
  pass(-3_600_000, 1000);
  expect(heard).toEqual([]);
});
