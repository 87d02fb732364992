import { describe, expect, test } from "vitest";
import { Problem } from "../../protocol/index.ts";
import { JobNotFoundError, ValidationError } from "../../sdk/errors.ts";
import { Extension } from "../../sdk/extension.ts";
import type { FetchLike } from "../../sdk/senders.ts";
import { getSpanIds, runInSpan, startTracing } from "../support/tracing.ts";
import { startFake } from "./network.ts";

class Echo extends Extension("tests") {
  run() {}
}

/** A manager in the room lab; `asked` says which requests its submits made. */
const submitting = async () => {
  const { fake, client, instead, manager } = startFake();
  const { body: worker } = await client.call("createWorker", {});
  const registration = { category: "tests", name: "Echo", schema: {}, worker_id: worker.id };
  await client.call("registerJob", { params: { room_id: "lab" }, body: registration });
  const asked: string[] = [];
  const fetch: FetchLike = (url, init) => {
    if (/\/submits$/.test(url)) asked.push(`submitBatch of ${JSON.parse(init.body ?? "{}").submits.length}`);
    if (/\/tasks\//.test(url)) asked.push("submitTask");
    return globalThis.fetch(url, init);
  };
  return { fake, asked, instead, jobs: manager({ room: "lab", fetch }) };
};

describe("single submits", () => {
  test("that come alone go alone", async () => {
    const { jobs, asked, fake } = await submitting();

    const { id } = await jobs.submit(new Echo());
    await jobs.submit(new Echo());

    expect(asked).toEqual(["submitTask", "submitTask"]);
    expect(fake.task(id).status).toBe("pending");
  });

  test("that come at once travel together, and each is told its own", async () => {
    const { jobs, asked, fake } = await submitting();

    const tasks = await Promise.all(
      Array.from({ length: 5 }, (_, n) => jobs.submit(new Echo(), { priority: n })),
    );

    expect(asked).toEqual(["submitBatch of 5"]);
    expect(tasks.map(({ priority }) => priority)).toEqual([0, 1, 2, 3, 4]);
    expect(tasks.map(({ id }) => fake.task(id).priority)).toEqual([0, 1, 2, 3, 4]);
  });

  test("that travel together keep the trace of each", async () => {
    const traced = startTracing();
    const { jobs, asked } = await submitting();

    const tasks = await Promise.all([1, 2, 3].map((n) => runInSpan(`${n}`, () => jobs.submit(new Echo()))));
    const alone = await runInSpan("alone", () => jobs.submit(new Echo()));

    expect(asked).toEqual(["submitBatch of 3", "submitTask"]);
    const submits = traced.spans.filter(({ name }) => name === "submit private:tests:Echo").map(getSpanIds);
    const requests = ["1", "2", "3", "alone"].map((name) => getSpanIds(traced.only(name)));
    expect(submits.map(({ parent }) => parent)).toEqual(requests.map(({ id }) => id));
    expect([...tasks, alone].map(({ trace_context }) => trace_context?.traceparent)).toEqual(
      submits.map(({ trace, id }) => `00-${trace}-${id}-01`),
    );
  });

  test("of which one is refused do not hold up the others", async () => {
    const { jobs } = await submitting();
    class Unknown extends Extension("tests") {
      run() {}
    }

    const outcomes = await Promise.allSettled([jobs.submit(new Echo()), jobs.submit(new Unknown())]);

    expect(outcomes[0]).toMatchObject({ status: "fulfilled" });
    expect(outcomes[1]).toMatchObject({ status: "rejected", reason: expect.any(JobNotFoundError) });
  });

  test("whose request is refused as a whole are sent one by one", async () => {
    const { jobs, asked, instead } = await submitting();
    instead({
      submitBatch: () => {
        throw new Problem("validation-error", "The body does not fit.", { errors: [] });
      },
    });

    const tasks = await Promise.all([jobs.submit(new Echo()), jobs.submit(new Echo())]);

    expect(new Set(tasks.map(({ id }) => id)).size).toBe(2);
    expect(asked).toEqual(["submitBatch of 2", "submitTask", "submitTask"]);
  });

  test("at a server that does not know of many at once go one by one from then on", async () => {
    const { jobs, asked, instead } = await submitting();
    instead({
      submitBatch: () => {
        throw new Problem("route-not-found", "There is nothing at this address.");
      },
    });

    await Promise.all([jobs.submit(new Echo()), jobs.submit(new Echo())]);
    await Promise.all([jobs.submit(new Echo()), jobs.submit(new Echo())]);

    expect(asked).toEqual(["submitBatch of 2", ...Array(4).fill("submitTask")]);
  });

  test("that were given up before they were sent are not sent", async () => {
    const { jobs, asked } = await submitting();
    const gone = new AbortController();

    const given = jobs.submit(new Echo(), { signal: gone.signal });
    const kept = jobs.submit(new Echo());
    gone.abort(new Error("given up"));

    await expect(given).rejects.toThrow("given up");
    await kept;
    expect(asked).toEqual(["submitTask"]);
  });

  test("are refused with pointers as if each had come alone", async () => {
    const { jobs, instead } = await submitting();
    const errors = [{ pointer: "/payload/n", detail: "must be a number" }];
    const problem = new Problem("validation-error", "The task does not fit its job.", {
      errors,
    }).toDocument();
    instead({
      submitBatch: ({ body }) => ({ status: 200, body: { results: body.submits.map(() => ({ problem })) } }),
    });

    const outcomes = await Promise.allSettled([jobs.submit(new Echo()), jobs.submit(new Echo())]);

    expect(outcomes).toMatchObject([
      { reason: expect.any(ValidationError) },
      { reason: { problem: { errors } } },
    ]);
  });
});
