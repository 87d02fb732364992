import { setupServer } from "msw/node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { UsageError } from "../../../sdk/errors.ts";
import { Extension } from "../../../sdk/extension/extension.ts";
import { JobManager } from "../../../sdk/job-manager.ts";
import { createFakeServer } from "../../../sdk/testing/fake-server.ts";

let fake = createFakeServer();
const network = setupServer();
beforeAll(() => network.listen());
afterAll(() => network.close());
beforeEach(() => {
  fake = createFakeServer();
  network.resetHandlers(...fake.handlers);
});

const URL = "http://joblib.test";

class Double extends Extension("math", { value: z.number() }) {
  async run() {
    return this.value * 2;
  }
}

const startWorker = async (room: string) => {
  const jobs = new JobManager({ url: URL, room });
  jobs.register(Double);
  await jobs.ready();
  return jobs;
};

describe("JobManager.submit by job name", () => {
  test("JobManager.submit with a job name submits to the manager's room, and awaitTask returns the result", async () => {
    await using worker = await startWorker("lab");
    await using jobs = new JobManager({ url: URL, room: "lab" });

    const task = await jobs.submit("private:math:Double", { value: 21 }, { priority: 7 });
    const stream = worker.listen();
    for await (const claimed of stream) {
      await claimed.run();
      stream.stop();
    }
    const done = await jobs.client.awaitTask(task);

    expect(task).toMatchObject({ room_id: "lab", payload: { value: 21 }, priority: 7 });
    expect(done).toMatchObject({ id: task.id, status: "completed", result: 42 });
  });

  test.each([
    ["the given room", { room: "lab" }, "private:math:Double", { room: "attic" }, "attic"],
    ["the room in the job name", {}, "attic:math:Double", {}, "attic"],
  ])("JobManager.submit with a job name submits to %s", async (_, options, name, submitOptions, room) => {
    await using worker = await startWorker("attic");
    await using jobs = new JobManager({ url: URL, ...options });

    expect((await jobs.submit(name, { value: 1 }, submitOptions)).room_id).toBe(room);
    expect(worker.size).toBe(1);
  });

  test.each([
    ["an invalid name", "Double"],
    ["a private job without a room", "private:math:Double"],
  ])("JobManager.submit with a job name rejects %s before a request is sent", async (_, name) => {
    await using jobs = new JobManager({ url: URL });

    await expect(jobs.submit(name, { value: 1 })).rejects.toThrow(UsageError);
  });

  test("JobManager.submit with a job name creates only one task for two submits with the same idempotency key", async () => {
    await using worker = await startWorker("lab");
    const submit = () => worker.submit("private:math:Double", { value: 1 }, { idempotencyKey: "once" });

    expect((await submit()).id).toBe((await submit()).id);
  });
});
