import { expect, onTestFinished, test } from "vitest";
import { SuspensionDetector } from "../../../sdk/worker/suspension-detector.ts";

/**
 * Creates a detector whose clocks the test controls. `suspensions` contains the reported durations
 * in seconds.
 */
const createDetector = () => {
  const now = { wall: 1_000_000, monotonic: 500 };
  const suspensions: number[] = [];
  const clocks = { wall: () => now.wall, monotonic: () => now.monotonic };
  const detector = new SuspensionDetector((seconds) => suspensions.push(seconds), clocks);
  onTestFinished(() => detector.stop());
  const advance = (wall: number, monotonic = wall) => {
    now.wall += wall;
    now.monotonic += monotonic;
    detector.check();
  };
  return { suspensions, advance };
};

test("the suspension detector reports nothing while the wall clock and the monotonic clock advance normally", () => {
  const { suspensions, advance } = createDetector();
  for (const ms of [1000, 1400, 900, 5500]) advance(ms);
  expect(suspensions).toEqual([]);
});

test("the suspension detector reports a suspended machine, whose wall clock is ahead of its monotonic clock", () => {
  const { suspensions, advance } = createDetector();
  advance(1000);
  advance(3 * 3600 * 1000 + 1000, 1000);
  advance(1000);
  expect(suspensions).toEqual([3 * 3600]);
});

test("the suspension detector reports a stopped process, whose wall clock and monotonic clock are ahead of its timer", () => {
  const { suspensions, advance } = createDetector();
  advance(91_000);
  expect(suspensions).toEqual([90]);
});

test("the suspension detector ignores a wall clock that is set back", () => {
  const { suspensions, advance } = createDetector();
  advance(-3_600_000, 1000);
  expect(suspensions).toEqual([]);
});
