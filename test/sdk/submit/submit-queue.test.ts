import { describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import { JobNotFoundError, ValidationError } from "../../../sdk/errors.ts";
import { Extension } from "../../../sdk/extension/extension.ts";
import type { FetchLike } from "../../../sdk/http/options.ts";
import { getSpanIds, runInSpan, startTracing } from "../../support/tracing.ts";
import { startFake } from "../network.ts";

class Echo extends Extension("tests") {
  run() {}
}

/**
 * Creates a manager in the room `lab`. `requests` describes each request that the manager's submits
 * cause.
 */
const createSubmitter = async () => {
  const { fake, client, override, createManager } = startFake();
  const { body: worker } = await client.call("createWorker", {});
  const registration = { category: "tests", name: "Echo", schema: {}, worker_id: worker.id };
  await client.call("registerJob", { params: { room_id: "lab" }, body: registration });
  const requests: string[] = [];
  const fetch: FetchLike = (url, init) => {
    if (/\/submissions$/.test(url))
      requests.push(`submitBatch of ${JSON.parse(String(init.body ?? "{}")).submissions.length}`);
    if (/\/tasks\//.test(url)) requests.push("submitTask");
    return globalThis.fetch(url, init);
  };
  return { fake, requests, override, jobs: createManager({ room: "lab", fetch }) };
};

describe("SubmitQueue", () => {
  test("SubmitQueue sends sequential submits individually", async () => {
    const { jobs, requests, fake } = await createSubmitter();

    const { id } = await jobs.submit(new Echo());
    await jobs.submit(new Echo());

    expect(requests).toEqual(["submitTask", "submitTask"]);
    expect(fake.task(id).status).toBe("pending");
  });

  test("SubmitQueue sends concurrent submits in a batch, and each submit returns its own task", async () => {
    const { jobs, requests, fake } = await createSubmitter();

    const tasks = await Promise.all(
      Array.from({ length: 5 }, (_, n) => jobs.submit(new Echo(), { priority: n })),
    );

    expect(requests).toEqual(["submitBatch of 5"]);
    expect(tasks.map(({ priority }) => priority)).toEqual([0, 1, 2, 3, 4]);
    expect(tasks.map(({ id }) => fake.task(id).priority)).toEqual([0, 1, 2, 3, 4]);
  });

  test("SubmitQueue keeps the trace context of each submit in a batch", async () => {
    const traced = startTracing();
    const { jobs, requests } = await createSubmitter();

    const tasks = await Promise.all([1, 2, 3].map((n) => runInSpan(`${n}`, () => jobs.submit(new Echo()))));
    const single = await runInSpan("single", () => jobs.submit(new Echo()));

    expect(requests).toEqual(["submitBatch of 3", "submitTask"]);
    const submits = traced.spans.filter(({ name }) => name === "submit private:tests:Echo").map(getSpanIds);
    const callers = ["1", "2", "3", "single"].map((name) => getSpanIds(traced.only(name)));
    expect(submits.map(({ parent }) => parent)).toEqual(callers.map(({ id }) => id));
    expect([...tasks, single].map(({ trace_context }) => trace_context?.traceparent)).toEqual(
      submits.map(({ trace, id }) => `00-${trace}-${id}-01`),
    );
  });

  test("SubmitQueue rejects only the invalid submit of a batch", async () => {
    const { jobs } = await createSubmitter();
    class Unknown extends Extension("tests") {
      run() {}
    }

    const outcomes = await Promise.allSettled([jobs.submit(new Echo()), jobs.submit(new Unknown())]);

    expect(outcomes[0]).toMatchObject({ status: "fulfilled" });
    expect(outcomes[1]).toMatchObject({ status: "rejected", reason: expect.any(JobNotFoundError) });
  });

  test("SubmitQueue sends submits individually if the whole batch is rejected", async () => {
    const { jobs, requests, override } = await createSubmitter();
    override({
      submitBatch: () => {
        throw new Problem("validation-error", "The body is invalid.", { errors: [] });
      },
    });

    const tasks = await Promise.all([jobs.submit(new Echo()), jobs.submit(new Echo())]);

    expect(new Set(tasks.map(({ id }) => id)).size).toBe(2);
    expect(requests).toEqual(["submitBatch of 2", "submitTask", "submitTask"]);
  });

  test("SubmitQueue stops sending batches if the server does not support them", async () => {
    const { jobs, requests, override } = await createSubmitter();
    override({
      submitBatch: () => {
        throw new Problem("route-not-found", "Route not found.");
      },
    });

    await Promise.all([jobs.submit(new Echo()), jobs.submit(new Echo())]);
    await Promise.all([jobs.submit(new Echo()), jobs.submit(new Echo())]);

    expect(requests).toEqual(["submitBatch of 2", ...Array(4).fill("submitTask")]);
  });

  test("SubmitQueue does not send a submit that was aborted while it was queued", async () => {
    const { jobs, requests } = await createSubmitter();
    const abort = new AbortController();

    const aborted = jobs.submit(new Echo(), { signal: abort.signal });
    const kept = jobs.submit(new Echo());
    abort.abort(new Error("aborted"));

    await expect(aborted).rejects.toThrow("aborted");
    await kept;
    expect(requests).toEqual(["submitTask"]);
  });

  test("SubmitQueue returns the same validation errors as an individual submit", async () => {
    const { jobs, override } = await createSubmitter();
    const errors = [{ pointer: "/payload/n", detail: "must be a number" }];
    const problem = new Problem("validation-error", "The payload does not match the schema of its job.", {
      errors,
    }).toDocument();
    override({
      submitBatch: ({ body }) => ({
        status: 200,
        body: { results: body.submissions.map(() => ({ problem })) },
      }),
    });

    const outcomes = await Promise.allSettled([jobs.submit(new Echo()), jobs.submit(new Echo())]);

    expect(outcomes).toMatchObject([
      { reason: expect.any(ValidationError) },
      { reason: { problem: { errors } } },
    ]);
  });
});
