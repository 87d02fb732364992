import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { JoblibClient } from "../../sdk/client.ts";
import { Heartbeat, type LeasedTask } from "../../sdk/heartbeat.ts";
import { silentLogger } from "../../sdk/logger.ts";
import { TaskTable } from "../../sdk/task-table.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A worker's heartbeat whose beats are never answered, and what it holds. */
const startHeart = () => {
  const beats: string[][] = [];
  const client = new JoblibClient({
    url: "http://joblib.test",
    fetch: (_, { body, signal }) => {
      beats.push(JSON.parse(body ?? "{}").tasks);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  const held = new TaskTable<LeasedTask>();
  const heart = new Heartbeat({
    client,
    workerId: "w",
    logger: silentLogger,
    seconds: 3600,
    fixedSeconds: undefined,
    held,
    onStop: () => {},
    onForgotten: () => {},
    onDraining: () => {},
    isDraining: () => false,
  });
  heart.start();
  const take = (id: string): LeasedTask => {
    const task = { id, attempt: 1, leasedSince: performance.now(), markLost: () => {} };
    held.add(task);
    heart.scheduleNewTaskHeartbeat();
    return task;
  };
  return { beats, held, heart, take };
};

test("tasks that are soon over bring no beat forward, however many there are", async () => {
  const { beats, held, heart, take } = startHeart();
  let before: LeasedTask | undefined;
  for (let index = 0; index < 40; index += 1) {
    const next = take(`task-${index}`);
    await vi.advanceTimersByTimeAsync(100);
    if (before !== undefined) held.delete(before);
    before = next;
  }

  expect(beats).toEqual([]);
  heart.stop();
});

test("one that stays is named a quarter of a second after it came, whatever else comes and goes", async () => {
  const { beats, held, heart, take } = startHeart();
  const brief = take("brief");
  await vi.advanceTimersByTimeAsync(200);
  take("long");
  held.delete(brief);
  await vi.advanceTimersByTimeAsync(200);
  take("late");
  const early = beats.length;
  await vi.advanceTimersByTimeAsync(60);

  expect(early).toBe(0);
  expect(beats).toEqual([["long", "late"]]);
  heart.stop();
});
