import { expect, test } from "vitest";
import { Problem } from "../../protocol/index.ts";
import { ForbiddenError } from "../../sdk/errors.ts";
import { Extension } from "../../sdk/extension.ts";
import { listeningLogger, startFake } from "./network.ts";

class Echo extends Extension("tests") {
  run() {
    return "echo";
  }
}

/** A worker before a backlog that several claims at a time are made for; `meddle` has the number of each. */
const beforeBacklog = async (count: number, meddle: (claim: number) => Promise<void> | undefined) => {
  const { fake, instead, manager } = startFake();
  const { lines, logger } = listeningLogger();
  const jobs = manager({ logger });
  jobs.register(Echo);
  await jobs.ready();
  for (let i = 0; i < count; i += 1) fake.submit("lab", "private:tests:Echo");
  const { claimTasks } = fake.fakes;
  if (claimTasks === undefined) throw new Error("nothing can be claimed");
  let claims = 0;
  instead({
    claimTasks: async (request) => {
      claims += 1;
      await meddle(claims);
      return claimTasks(request);
    },
  });
  const left = () => fake.tasks.filter(({ status }) => status !== "completed").length;
  return { jobs, lines, fake, left };
};

const rejectLossyValue = async (type: "unauthorized" | "forbidden") => {
  throw new Problem(type, "not now");
};

test("what any of them brings is run, whichever is answered first", async () => {
  const held = Promise.withResolvers<void>();
  const { jobs, left } = await beforeBacklog(150, (claim) => (claim === 2 ? held.promise : undefined));
  const stop = new AbortController();

  const run = jobs.run({ concurrency: 500, start: true, signal: stop.signal });
  await expect.poll(left, { timeout: 5_000 }).toBe(0);

  held.resolve();
  stop.abort();
  await run;
});

test("trouble that several of them meet together is one trouble", async () => {
  const { jobs, left, lines } = await beforeBacklog(500, (claim) =>
    claim >= 2 && claim <= 5 ? rejectLossyValue("unauthorized") : undefined,
  );
  const stop = new AbortController();

  const run = jobs.run({ concurrency: 500, start: true, signal: stop.signal });
  await expect.poll(left, { timeout: 10_000 }).toBe(0);

  stop.abort();
  await run;
  const troubles = lines.filter((line) => line === "could not claim; trying again");
  expect(troubles.length).toBeLessThanOrEqual(2);
});

test("where one is refused for good the others' tasks are given back", async () => {
  const { jobs, fake } = await beforeBacklog(250, (claim) =>
    claim === 2 ? rejectLossyValue("forbidden") : undefined,
  );

  const run = jobs.run({ concurrency: 500 });

  await expect(run).rejects.toThrow(ForbiddenError);
  const statuses = new Set(fake.tasks.map(({ status }) => status));
  expect(statuses).toEqual(new Set(["completed", "pending"]));
});
