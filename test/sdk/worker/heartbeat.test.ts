import { describe, expect, test } from "vitest";
import { Extension, type RunContext } from "../../../sdk/extension/extension.ts";
import { startFake } from "../network.ts";

class Wait extends Extension("tests") {
  async run(_: unknown, { signal }: RunContext) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
}

/**
 * Creates a manager. For each heartbeat, `heartbeats` contains the listed tasks and the requested
 * wait in seconds.
 */
const createWorker = (heartbeatSeconds: number) => {
  const heartbeats: { tasks: readonly string[] | undefined; wait: number }[] = [];
  const { fake, override, createManager } = startFake();
  override({
    heartbeat: (request) => {
      heartbeats.push({ tasks: request.body?.tasks, wait: request.wait });
      return fake.fakes.heartbeat?.(request) ?? Promise.reject(new Error("the fake has no heartbeat"));
    },
  });
  const jobs = createManager({ heartbeatSeconds });
  jobs.register(Wait);
  return { fake, jobs, heartbeats };
};

describe("the heartbeat", () => {
  test("the heartbeat lists no tasks and is not a long poll while the worker is idle", async () => {
    const { jobs, heartbeats } = createWorker(0.05);

    await jobs.ready();

    await expect.poll(() => heartbeats[0]).toEqual({ tasks: [], wait: 0 });
  });

  test("the heartbeat is a long poll while the worker is busy, and reports a cancellation before the interval ends", async () => {
    const { fake, jobs, heartbeats } = createWorker(3600);
    await jobs.ready();
    const { id } = await jobs.submit(new Wait());
    const outcome = (await jobs.listen().next()).value?.run();

    await expect.poll(() => heartbeats, { timeout: 5_000 }).toEqual([{ tasks: [id], wait: 3600 }]);
    fake.cancel(id);

    await expect(outcome).resolves.toEqual({ status: "lost", reason: "cancelled" });
  });

  test("the heartbeat of an idle worker detects that the server has removed the worker, and a new worker is created", async () => {
    const { fake, jobs } = createWorker(0.05);
    await jobs.ready();
    const before = jobs.workerId;

    fake.removeWorker(before ?? "");

    await expect.poll(() => jobs.workerId !== undefined && jobs.workerId !== before).toBe(true);
    await expect.poll(() => fake.workers.map(({ jobs: linked }) => linked.size)).toEqual([1]);
  });
});
