import { describe, expect, test } from "vitest";
import { Extension, type RunContext } from "../../sdk/extension.ts";
import { startFake } from "./network.ts";

class Wait extends Extension("tests") {
  async run(_: unknown, { signal }: RunContext) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
}

describe("the heartbeat", () => {
  test("names what is held soon after it was claimed, and nothing when nothing is", async () => {
    const beats: { tasks: readonly string[] | undefined; wait: number }[] = [];
    const { fake, instead, manager } = startFake();
    instead({
      heartbeat: (request) => {
        beats.push({ tasks: request.body?.tasks, wait: request.wait });
        return fake.fakes.heartbeat?.(request) ?? Promise.reject(new Error("no heartbeat"));
      },
    });
    const jobs = manager({ heartbeatSeconds: 1 });
    jobs.register(Wait);
    await jobs.ready();
    await expect.poll(() => beats.length, { timeout: 3000 }).toBeGreaterThan(0);
    const { id } = await jobs.submit(new Wait());
    const outcome = (await jobs.listen().next()).value?.run();

    await expect.poll(() => beats.some(({ tasks }) => tasks?.includes(id))).toBe(true);
    const began = performance.now();
    fake.cancel(id);
    await outcome;

    expect(beats[0]).toEqual({ tasks: [], wait: 0 });
    expect(beats.find(({ tasks }) => tasks?.includes(id))?.wait).toBe(1);
    expect(performance.now() - began).toBeLessThan(500);
  });

  test("of an idle worker finds out that it was forgotten", async () => {
    const { fake, manager } = startFake();
    const jobs = manager({ heartbeatSeconds: 0.05 });
    jobs.register(Wait);
    await jobs.ready();
    const before = jobs.workerId;

    fake.forgetWorker(before ?? "");

    await expect.poll(() => jobs.workerId !== undefined && jobs.workerId !== before).toBe(true);
    await expect.poll(() => fake.workers.map(({ jobs: linked }) => linked.size)).toEqual([1]);
  });
});
