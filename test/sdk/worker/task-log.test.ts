import { expect, test } from "vitest";
import { Extension, type RunContext } from "../../../sdk/extension/extension.ts";
import { startFake } from "../network.ts";

class Talk extends Extension("m") {
  run(_: unknown, { log }: RunContext) {
    log.info({ steps: 3 }, "minimised");
    log.warn("slowly");
    console.log("printed %d", 7);
    console.error("badly");
  }
}

const runTask = async (options: { captureConsole?: boolean }) => {
  const { fake, createManager } = startFake();
  const jobs = createManager({ ...options, room: "lab" }, undefined);
  jobs.register(Talk);
  await jobs.ready();
  const { id } = fake.submit("lab", "private:m:Talk");
  for await (const task of jobs.listen()) {
    const outcome = await task.run();
    expect(outcome.status).toBe("completed");
    break;
  }
  await jobs.dispose();
  return fake.log(id).map(({ level, text }) => [level, text]);
};

test("the worker stores the log lines of a task before the task ends", async () => {
  expect(await runTask({})).toEqual([
    ["info", "minimised steps=3"],
    ["warn", "slowly"],
  ]);
});

test("the worker stores console lines if captureConsole is set", async () => {
  expect(await runTask({ captureConsole: true })).toEqual([
    ["info", "minimised steps=3"],
    ["warn", "slowly"],
    ["info", "printed 7"],
    ["error", "badly"],
  ]);
});
