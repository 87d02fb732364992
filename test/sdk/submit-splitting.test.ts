import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Problem } from "../../protocol/index.ts";
import { PayloadTooLargeError, ValidationError } from "../../sdk/errors.ts";
import { Extension } from "../../sdk/extension.ts";
import type { FetchLike } from "../../sdk/senders.ts";
import { startFake } from "./network.ts";

class Analyse extends Extension("tests", { text: z.string() }) {
  run() {}
}

const weighing = (bytes: number) => new Analyse({ text: "x".repeat(bytes) });

type Refused = "payload-too-large" | "validation-error";

const readError = (id: Refused) => {
  const problem = new Problem(id, "refused");
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify(problem.toDocument()), { status: problem.status, headers });
};

/** A manager whose server takes bodies of so many bytes; `asked` has those of its submits, and how many tasks each had. */
const submitting = async (bodyLimit = 1_048_576) => {
  const { fake, manager } = startFake();
  let refused: Refused | undefined;
  const asked: { bytes: number; tasks: number }[] = [];
  const fetch: FetchLike = async (url, init) => {
    const body = init.body ?? "";
    if (!/\/tasks$/.test(url)) return globalThis.fetch(url, init);
    asked.push({ bytes: Buffer.byteLength(body), tasks: JSON.parse(body).tasks.length });
    if (refused !== undefined) return readError(refused);
    if (Buffer.byteLength(body) <= bodyLimit) return globalThis.fetch(url, init);
    return readError("payload-too-large");
  };
  const jobs = manager({ fetch });
  jobs.register(Analyse);
  await jobs.ready();
  const refuse = (id: Refused) => {
    refused = id;
  };
  return { fake, jobs, asked, refuse };
};

describe("many tasks in one submit", () => {
  test("go in as many requests as their weight takes, in their order", async () => {
    const { fake, jobs, asked } = await submitting();
    const sizes = Array.from({ length: 30 }, (_, index) => 100_000 + index);

    const tasks = await jobs.submit(sizes.map(weighing));

    expect(asked.map((one) => one.tasks)).toEqual([9, 9, 9, 3]);
    expect(tasks.map(({ payload }) => String(payload["text"]).length)).toEqual(sizes);
    expect(tasks.map(({ id }) => fake.task(id).payload)).toEqual(tasks.map(({ payload }) => payload));
  });

  test("weigh what they are in UTF-8", async () => {
    const { jobs, asked } = await submitting();

    await jobs.submit(Array.from({ length: 4 }, () => new Analyse({ text: "ü".repeat(200_000) })));

    expect(asked.map((one) => one.tasks)).toEqual([2, 2]);
  });

  test("go by halves where the server takes less", async () => {
    const { fake, jobs, asked } = await submitting(50_000);

    const tasks = await jobs.submit(Array.from({ length: 8 }, () => weighing(15_000)));

    expect(asked.map((one) => one.tasks)).toEqual([8, 4, 2, 2, 4, 2, 2]);
    expect(fake.tasks.map(({ id }) => id)).toEqual(tasks.map(({ id }) => id));
  });

  test("are refused for one that is too large alone", async () => {
    const { jobs } = await submitting(50_000);

    await expect(jobs.submit([weighing(10), weighing(60_000)])).rejects.toThrow(PayloadTooLargeError);
  });

  test("are sent once where they are refused for anything else", async () => {
    const { jobs, asked, refuse } = await submitting();
    refuse("validation-error");

    await expect(jobs.submit([weighing(1), weighing(2)])).rejects.toThrow(ValidationError);

    expect(asked).toHaveLength(1);
  });
});
