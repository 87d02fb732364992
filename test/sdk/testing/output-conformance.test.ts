import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { OutputGapError, TaskNotFoundError, ValidationError } from "../../../sdk/errors.ts";
import type { JoblibClient } from "../../../sdk/http/client.ts";
import { createWorker, SERVERS, startTask } from "./servers.ts";

/** The room of the current test. */
let room: string;

describe.each(SERVERS)("%s", (_, connect) => {
  let client: JoblibClient;
  let close: () => unknown = () => {};
  beforeAll(async () => {
    ({ client, close } = await connect());
  });
  beforeEach(() => {
    room = `room-${randomUUID()}`;
  });
  afterAll(() => close());

  /** Reads an output to its end. Returns the parts, the new attempts, and the end. */
  async function collectOutput(id: string, from?: string) {
    const parts: unknown[][] = [];
    const attempts: number[] = [];
    const onAttempt = (attempt: number) => attempts.push(attempt);
    const output = client.tasks.output(id, { ...(from !== undefined && { from }), onAttempt });
    for (;;) {
      const next = await output.next();
      if (next.done === true) return { parts, attempts, end: next.value };
      const { attempt, number, value } = next.value;
      parts.push([attempt, number, value]);
    }
  }

  test("the server streams the parts of an output as they are stored, and then the end of the task", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker });
    const lease = { worker_id: worker, attempt };
    const output = client.tasks.output(id);

    await client.tasks.update(id, { ...lease, output: { number: 0, parts: ["a", { n: 1 }] } });
    const first = [await output.next(), await output.next()];
    const third = output.next();
    await client.tasks.update(id, { ...lease, output: { number: 1, parts: ["repeated", "c"] } });
    const later = await third;
    const end = output.next();
    await client.tasks.update(id, { ...lease, status: "completed" });

    expect([...first, later].map(({ value }) => value)).toEqual([
      { attempt: 1, number: 0, value: "a" },
      { attempt: 1, number: 1, value: { n: 1 } },
      { attempt: 1, number: 2, value: "c" },
    ]);
    expect(await end).toEqual({ done: true, value: { attempt: 1, status: "completed", count: 3 } });
  });

  test("the server streams the rest of an attempt and then the next attempt, from any part", async () => {
    const worker = await createWorker(client, room);
    const { id } = await startTask(client, { room, worker, max_attempts: 2, backoff: { seconds: 0 } });
    for (const attempt of [1, 2]) {
      const lease = { worker_id: worker, attempt };
      if (attempt === 2) await client.workers.claim(worker, { limit: 1, start: true }, { wait: 20 });
      const parts = [`${attempt}a`, `${attempt}b`];
      await client.tasks.update(id, { ...lease, output: { number: 0, parts } });
      await client.tasks.update(id, { ...lease, status: "failed", error: "broken" });
    }
    const end = { attempt: 2, status: "failed", count: 2 };
    const second = [
      [2, 0, "2a"],
      [2, 1, "2b"],
    ];

    expect(await collectOutput(id)).toEqual({ parts: second, attempts: [2], end });
    expect(await collectOutput(id, "1")).toEqual({ parts: second.slice(1), attempts: [2], end });
    expect(await collectOutput(id, "9.9")).toEqual({ parts: second, attempts: [2], end });
    const both = { parts: [[1, 1, "1b"], ...second], attempts: [1, 2], end };
    expect(await collectOutput(id, "1.1")).toEqual(both);
    expect(await client.tasks.readOutput(id, { from: "1.1" })).toEqual({
      ...{ attempt: 1, number: 1, parts: ["1b"], next: "1.2" },
    });
  });

  test("the server continues an output after the last received event, without repeating the attempt", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker });
    const lease = { worker_id: worker, attempt };
    await client.tasks.update(id, { ...lease, output: { number: 0, parts: ["a", "b"] } });
    await client.tasks.update(id, { ...lease, status: "completed" });

    const events: unknown[] = [];
    const stream = client.follow("followOutput", { task_id: id }, { lastEventId: "1.1" });
    for await (const { event, data } of stream) {
      events.push([event, data]);
      if (event === "end") break;
    }

    expect(events).toEqual([
      ["parts", { attempt: 1, number: 1, parts: ["b"] }],
      ["end", { attempt: 1, status: "completed", count: 2 }],
    ]);
  });

  test("the server rejects requests for the output of a missing task, an invalid position, and a part after a gap", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker });
    const gap = { worker_id: worker, attempt, output: { number: 1, parts: ["b"] } };

    await expect(collectOutput(randomUUID())).rejects.toThrow(TaskNotFoundError);
    await expect(collectOutput(id, "x")).rejects.toThrow(ValidationError);
    await expect(client.tasks.update(id, gap)).rejects.toThrow(OutputGapError);
  });
});
