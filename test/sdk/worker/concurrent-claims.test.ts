import { expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import { ForbiddenError } from "../../../sdk/errors.ts";
import { Extension } from "../../../sdk/extension/extension.ts";
import { createRecordingLogger, startFake } from "../network.ts";

class Echo extends Extension("tests") {
  run() {
    return "echo";
  }
}

/**
 * Starts a worker with a backlog of pending tasks. `beforeClaim` is awaited before each claim, and
 * receives the number of the claim, starting at 1.
 */
const startWorkerWithBacklog = async (
  count: number,
  beforeClaim: (claim: number) => Promise<void> | undefined,
) => {
  const { fake, override, createManager } = startFake();
  const { lines, logger } = createRecordingLogger();
  const jobs = createManager({ logger });
  jobs.register(Echo);
  await jobs.ready();
  for (let i = 0; i < count; i += 1) fake.submit("lab", "private:tests:Echo");
  const { claimTasks } = fake.fakes;
  if (claimTasks === undefined) throw new Error("the fake has no claimTasks");
  let claims = 0;
  override({
    claimTasks: async (request) => {
      claims += 1;
      await beforeClaim(claims);
      return claimTasks(request);
    },
  });
  const countUnfinished = () => fake.tasks.filter(({ status }) => status !== "completed").length;
  return { jobs, lines, fake, countUnfinished };
};

test("the tasks of a claim run even if an earlier concurrent claim has no response yet", async () => {
  const secondClaim = Promise.withResolvers<void>();
  const { jobs, countUnfinished } = await startWorkerWithBacklog(150, (claim) =>
    claim === 2 ? secondClaim.promise : undefined,
  );
  const stop = new AbortController();

  const run = jobs.run({ concurrency: 500, start: true, signal: stop.signal });
  await expect.poll(countUnfinished, { timeout: 5_000 }).toBe(0);

  secondClaim.resolve();
  stop.abort();
  await run;
});

test("four concurrent claims that fail together count as one failure", async () => {
  const allReceived = Promise.withResolvers<void>();
  let failing = 0;
  const { jobs, countUnfinished, lines } = await startWorkerWithBacklog(500, async (claim) => {
    if (claim < 2 || claim > 5) return;
    failing += 1;
    if (failing === 4) allReceived.resolve();
    await allReceived.promise;
    // The responses to the other three claims arrive during the delay that follows the first
    // failure.
    throw new Problem("unauthorized", "The token has expired.", { retryAfter: 2 });
  });
  const stop = new AbortController();

  const run = jobs.run({ concurrency: 500, start: true, signal: stop.signal });
  await expect.poll(countUnfinished, { timeout: 10_000 }).toBe(0);

  stop.abort();
  await run;
  expect(lines.filter((line) => line === "claim failed; retrying")).toHaveLength(1);
});

test("a claim that fails with a permanent error ends the run and requeues the tasks of the other claims", async () => {
  const { jobs, fake } = await startWorkerWithBacklog(250, async (claim) => {
    if (claim === 2) throw new Problem("forbidden", "The worker belongs to another user.");
  });

  const run = jobs.run({ concurrency: 500 });

  await expect(run).rejects.toThrow(ForbiddenError);
  const statuses = new Set(fake.tasks.map(({ status }) => status));
  expect(statuses).toEqual(new Set(["completed", "pending"]));
});
