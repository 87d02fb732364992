import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Extension, type RunContext } from "../../../sdk/extension/extension.ts";
import { eventually } from "../../support/eventually.ts";
import { getLinkedSpanIds, getSpanIds, runInSpan, startTracing } from "../../support/tracing.ts";
import { startFake } from "../network.ts";

const TASK = { payload: {}, max_attempts: 3, backoff: { kind: "fixed", seconds: 0 } } as const;
const TRACE_CONTEXT = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
const RUN_SPAN = "run private:tests:Job";

/** Creates a worker with one job, whose `run` method calls `work`. */
const createWorker = (work: (run: RunContext) => unknown) => {
  const network = startFake();
  class Job extends Extension("tests", { size: z.number().optional() }) {
    async run(_: unknown, run: RunContext) {
      return work(run);
    }
  }
  const jobs = network.createManager<unknown>({});
  jobs.register(Job);
  return { ...network, jobs, Job };
};

/** Runs `count` attempts, one after the other. */
const runAttempts = async ({ jobs }: ReturnType<typeof createWorker>, count: number) => {
  let remaining = count;
  for await (const task of jobs.listen()) {
    await task.run();
    remaining -= 1;
    if (remaining === 0) break;
  }
};

describe("the span of a run", () => {
  test("the span of a run is a child of the submit's span and the parent of the extension's spans", async () => {
    const traced = startTracing();
    const worker = createWorker(async ({ task }) => runInSpan("handler", async () => task.attempt));
    await worker.jobs.ready();

    const { id } = await runInSpan("request", () => worker.jobs.submit(new worker.Job({})));
    await runAttempts(worker, 1);

    const submit = traced.only("submit private:tests:Job");
    const run = traced.only(RUN_SPAN);
    const request = getSpanIds(traced.only("request"));
    expect(getSpanIds(submit)).toMatchObject({ trace: request.trace, parent: request.id });
    expect(getSpanIds(run)).toMatchObject({ trace: request.trace, parent: getSpanIds(submit).id });
    expect(getSpanIds(traced.only("handler"))).toMatchObject({
      trace: request.trace,
      parent: getSpanIds(run).id,
    });
    expect([submit.kind, run.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER]);
    expect(getLinkedSpanIds(run)).toEqual([getSpanIds(submit).id]);
    expect(submit.attributes).toMatchObject({
      "messaging.system.name": "joblib",
      "messaging.operation.name": "submit",
      "messaging.operation.type": "send",
      "messaging.destination.name": "private:tests:Job",
      "messaging.message.id": id,
      "server.address": "joblib.test",
      "server.port": 80,
    });
    expect(run.attributes).toEqual({
      "messaging.system.name": "joblib",
      "messaging.operation.name": "run",
      "messaging.operation.type": "process",
      "messaging.destination.name": "private:tests:Job",
      "messaging.message.id": id,
      "messaging.client.id": worker.jobs.workerId,
      "joblib.room": "lab",
      "joblib.task.attempt": 1,
      "joblib.task.max_attempts": 1,
      "joblib.task.outcome": "completed",
      "joblib.task.status": "completed",
    });
    expect(run.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("each attempt has a run span in the same trace, and the span records the thrown error", async () => {
    const traced = startTracing();
    const worker = createWorker(({ task }) => {
      if (task.attempt < 3) throw new RangeError(`attempt ${task.attempt}`);
    });
    await worker.jobs.ready();
    worker.fake.submit("lab", "private:tests:Job", { ...TASK, trace_context: TRACE_CONTEXT });

    await runAttempts(worker, 3);

    const attempts = traced.spans.filter(({ name }) => name === RUN_SPAN);
    expect(attempts.map(({ attributes }) => attributes)).toMatchObject([
      { "joblib.task.attempt": 1, "joblib.task.status": "pending", "error.type": "RangeError" },
      { "joblib.task.attempt": 2, "joblib.task.status": "pending", "error.type": "RangeError" },
      { "joblib.task.attempt": 3, "joblib.task.status": "completed" },
    ]);
    for (const span of attempts) {
      expect(getSpanIds(span)).toMatchObject({
        trace: "0af7651916cd43dd8448eb211c80319c",
        parent: "b7ad6b7169203331",
      });
    }
    const [first, , last] = attempts;
    expect(first?.status).toEqual({ code: SpanStatusCode.ERROR, message: "attempt 1" });
    expect(first?.events).toMatchObject([
      { name: "exception", attributes: { "exception.type": "RangeError", "exception.message": "attempt 1" } },
    ]);
    expect(last?.events).toEqual([]);
  });

  test("the span of a run links to the active span, or is a child of the active span if the task has no trace context", async () => {
    const traced = startTracing();
    const worker = createWorker(() => {});
    await worker.jobs.ready();
    worker.fake.submit("lab", "private:tests:Job", { trace_context: TRACE_CONTEXT });

    await runInSpan("loop", () => runAttempts(worker, 1));
    worker.fake.submit("lab", "private:tests:Job");
    await runInSpan("other loop", () => runAttempts(worker, 1));

    const [linked, child] = traced.spans.filter(({ name }) => name === RUN_SPAN);
    if (linked === undefined || child === undefined) throw new Error("expected two runs");
    expect(getLinkedSpanIds(linked)).toEqual(["b7ad6b7169203331", getSpanIds(traced.only("loop")).id]);
    expect(getSpanIds(child).parent).toBe(getSpanIds(traced.only("other loop")).id);
    expect(getLinkedSpanIds(child)).toEqual([]);
  });

  test("the span of a run has the outcome `lost` and no error status for a cancelled task", async () => {
    const traced = startTracing();
    const worker = createWorker(async ({ signal, task }) => {
      worker.fake.cancel(task.id);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    await worker.jobs.ready();
    worker.fake.submit("lab", "private:tests:Job");

    await runAttempts(worker, 1);

    const run = traced.only(RUN_SPAN);
    expect(run.attributes["joblib.task.outcome"]).toBe("lost");
    expect(run.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("the span of a run does not exist if tracing is disabled", async () => {
    const traceparents: (string | null)[] = [];
    const worker = createWorker(() => trace.getActiveSpan() === undefined);
    worker.override({
      submitTask: (request) => {
        traceparents.push(request.headers.get("traceparent"));
        return worker.fake.fakes.submitTask?.(request) ?? Promise.reject(new Error("no fake"));
      },
    });
    await worker.jobs.ready();

    const { id, trace_context } = await worker.jobs.submit(new worker.Job({}));
    await runAttempts(worker, 1);

    expect(traceparents).toEqual([null]);
    expect(trace_context).toBeUndefined();
    await eventually(() => worker.fake.task(id).result === true);
  });
});
