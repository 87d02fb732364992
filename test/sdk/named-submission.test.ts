import { setupServer } from "msw/node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { UsageError } from "../../sdk/errors.ts";
import { Extension } from "../../sdk/extension.ts";
import { JobManager } from "../../sdk/job-manager.ts";
import { createFakeServer } from "../../sdk/testing/fake-server.ts";

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

const serving = async (room: string) => {
  const jobs = new JobManager({ url: URL, room });
  jobs.register(Double);
  await jobs.ready();
  return jobs;
};

describe("a submit by a job's name", () => {
  test("goes to the manager's room, with its payload and options, and its result is waited for", async () => {
    await using worker = await serving("lab");
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
    ["the room that is said", { room: "lab" }, "private:math:Double", { room: "attic" }, "attic"],
    ["the room that the name tells", {}, "attic:math:Double", {}, "attic"],
  ])("goes to %s", async (_, options, name, said, room) => {
    await using worker = await serving("attic");
    await using jobs = new JobManager({ url: URL, ...options });

    expect((await jobs.submit(name, { value: 1 }, said)).room_id).toBe(room);
    expect(worker.size).toBe(1);
  });

  test.each([
    ["a name that is none", "Double"],
    ["a private job without a room", "private:math:Double"],
  ])("refuses %s before anything is sent", async (_, name) => {
    await using jobs = new JobManager({ url: URL });

    await expect(jobs.submit(name, { value: 1 })).rejects.toThrow(UsageError);
  });

  test("with the same idempotency key is one task", async () => {
    await using worker = await serving("lab");
    const submit = () => worker.submit("private:math:Double", { value: 1 }, { idempotencyKey: "once" });

    expect((await submit()).id).toBe((await submit()).id);
  });
});
