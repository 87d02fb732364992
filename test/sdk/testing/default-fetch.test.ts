import { setupServer } from "msw/node";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { Extension } from "../../../sdk/extension/extension.ts";
import { JobManager } from "../../../sdk/job-manager.ts";
import { createFakeServer } from "../../../sdk/testing/fake-server.ts";

class Double extends Extension("math", { value: z.number() }) {
  async run() {
    return this.value * 2;
  }
}

test("the handlers of joblib/testing intercept the requests of a JobManager that has no `fetch` option", async () => {
  const fake = createFakeServer();
  const network = setupServer(...fake.handlers);
  network.listen();
  onTestFinished(() => network.close());
  await using jobs = new JobManager({ url: "http://joblib.test", room: "lab" });
  jobs.register(Double);
  await jobs.ready();

  const { id } = await jobs.submit(new Double({ value: 21 }));
  const stream = jobs.listen();
  for await (const task of stream) {
    await task.run();
    stream.stop();
  }

  expect(fake.task(id)).toMatchObject({ status: "completed", result: 42 });
});
