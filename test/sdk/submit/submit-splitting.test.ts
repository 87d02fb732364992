import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Problem } from "../../../protocol/index.ts";
import { PayloadTooLargeError, ValidationError } from "../../../sdk/errors.ts";
import { Extension } from "../../../sdk/extension/extension.ts";
import type { FetchLike } from "../../../sdk/http/options.ts";
import { startFake } from "../network.ts";

class Analyse extends Extension("tests", { text: z.string() }) {
  run() {}
}

const createTask = (bytes: number) => new Analyse({ text: "x".repeat(bytes) });

type RejectionId = "payload-too-large" | "validation-error";

const createRejection = (id: RejectionId) => {
  const problem = new Problem(id, "rejected");
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify(problem.toDocument()), { status: problem.status, headers });
};

/**
 * Creates a manager whose server limits the size of request bodies. `requests` contains the size
 * and the number of tasks of each request.
 */
const createSubmitter = async (bodyLimit = 1_048_576) => {
  const { fake, createManager } = startFake();
  let rejectionId: RejectionId | undefined;
  const requests: { bytes: number; tasks: number }[] = [];
  const fetch: FetchLike = async (url, init) => {
    const body = String(init.body ?? "");
    if (!/\/tasks$/.test(url)) return globalThis.fetch(url, init);
    requests.push({ bytes: Buffer.byteLength(body), tasks: JSON.parse(body).tasks.length });
    if (rejectionId !== undefined) return createRejection(rejectionId);
    if (Buffer.byteLength(body) <= bodyLimit) return globalThis.fetch(url, init);
    return createRejection("payload-too-large");
  };
  const jobs = createManager({ fetch });
  jobs.register(Analyse);
  await jobs.ready();
  const rejectWith = (id: RejectionId) => {
    rejectionId = id;
  };
  return { fake, jobs, requests, rejectWith };
};

describe("submitMany", () => {
  test("submitMany splits tasks into requests by size and keeps their order", async () => {
    const { fake, jobs, requests } = await createSubmitter();
    const sizes = Array.from({ length: 30 }, (_, index) => 100_000 + index);

    const tasks = await jobs.submit(sizes.map(createTask));

    expect(requests.map(({ tasks: count }) => count)).toEqual([9, 9, 9, 3]);
    expect(tasks.map(({ payload }) => String(payload["text"]).length)).toEqual(sizes);
    expect(tasks.map(({ id }) => fake.task(id).payload)).toEqual(tasks.map(({ payload }) => payload));
  });

  test("submitMany measures the size in bytes of UTF-8", async () => {
    const { jobs, requests } = await createSubmitter();

    await jobs.submit(Array.from({ length: 4 }, () => new Analyse({ text: "ü".repeat(200_000) })));

    expect(requests.map(({ tasks: count }) => count)).toEqual([2, 2]);
  });

  test("submitMany halves a request that is too large for the server", async () => {
    const { fake, jobs, requests } = await createSubmitter(50_000);

    const tasks = await jobs.submit(Array.from({ length: 8 }, () => createTask(15_000)));

    expect(requests.map(({ tasks: count }) => count)).toEqual([8, 4, 2, 2, 4, 2, 2]);
    expect(fake.tasks.map(({ id }) => id)).toEqual(tasks.map(({ id }) => id));
  });

  test("submitMany rejects if a single task is too large for the server", async () => {
    const { jobs } = await createSubmitter(50_000);

    await expect(jobs.submit([createTask(10), createTask(60_000)])).rejects.toThrow(PayloadTooLargeError);
  });

  test("submitMany does not retry a request that is rejected for another reason", async () => {
    const { jobs, requests, rejectWith } = await createSubmitter();
    rejectWith("validation-error");

    await expect(jobs.submit([createTask(1), createTask(2)])).rejects.toThrow(ValidationError);

    expect(requests).toHaveLength(1);
  });
});
