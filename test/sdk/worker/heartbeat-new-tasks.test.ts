import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { JoblibClient } from "../../../sdk/http/client.ts";
import { silentLogger } from "../../../sdk/logger.ts";
import { Heartbeat, type LeasedTask } from "../../../sdk/worker/heartbeat.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * Starts a heartbeat whose requests receive no response. `requests` contains the task ids that each
 * request lists.
 */
const startHeartbeat = () => {
  const requests: string[][] = [];
  const client = new JoblibClient({
    url: "http://joblib.test",
    fetch: (_, { body, signal }) => {
      requests.push(JSON.parse(String(body ?? "{}")).tasks);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  const tasks = new Set<LeasedTask>();
  const heartbeat = new Heartbeat({
    client,
    workerId: "w",
    logger: silentLogger,
    seconds: 3600,
    fixedSeconds: undefined,
    getTasks: () => [...tasks],
    onForgotten: () => {},
    onDraining: () => {},
    isDraining: () => false,
  });
  heartbeat.start();
  const addTask = (id: string): LeasedTask => {
    const task = { id, leasedSince: performance.now(), hasLease: true, markLost: () => {} };
    tasks.add(task);
    heartbeat.scheduleForNewTask();
    return task;
  };
  return { requests, tasks, heartbeat, addTask };
};

test("many short tasks cause no heartbeat", async () => {
  const { requests, tasks, heartbeat, addTask } = startHeartbeat();
  let before: LeasedTask | undefined;
  for (let index = 0; index < 40; index += 1) {
    const next = addTask(`task-${index}`);
    await vi.advanceTimersByTimeAsync(100);
    if (before !== undefined) tasks.delete(before);
    before = next;
  }

  expect(requests).toEqual([]);
  heartbeat.stop();
});

test("a heartbeat lists a task that still runs 250 ms after its claim, even if other tasks start and end", async () => {
  const { requests, tasks, heartbeat, addTask } = startHeartbeat();
  const short = addTask("short");
  await vi.advanceTimersByTimeAsync(200);
  addTask("long");
  tasks.delete(short);
  await vi.advanceTimersByTimeAsync(200);
  addTask("late");
  const countBefore = requests.length;
  await vi.advanceTimersByTimeAsync(60);

  expect(countBefore).toBe(0);
  expect(requests).toEqual([["long", "late"]]);
  heartbeat.stop();
});
