import { context, propagation, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import { Extension } from "../../../sdk/extension/extension.ts";
import { getLinkedSpanIds, getSpanIds, runInSpan, startTracing } from "../../support/tracing.ts";
import { startFake } from "../network.ts";

class Job extends Extension("tests", {}) {
  run() {}
}

const startWorker = async () => {
  const network = startFake();
  const jobs = network.createManager({});
  jobs.register(Job);
  await jobs.ready();
  return { ...network, jobs };
};

describe("the span of a submit", () => {
  test("the tasks of an array share the span of their submit, and store its trace context", async () => {
    const traced = startTracing();
    const { jobs } = await startWorker();

    const tasks = await jobs.submit([new Job({}), new Job({}), new Job({})]);

    const span = traced.only("submit private:tests:Job");
    expect(span.attributes["messaging.batch.message_count"]).toBe(3);
    const { traceId, spanId } = span.spanContext();
    expect(tasks.map(({ trace_context }) => trace_context?.traceparent)).toEqual(
      Array(3).fill(`00-${traceId}-${spanId}-01`),
    );
  });

  test("the span of a submit records the error of a rejected submit", async () => {
    const traced = startTracing();
    const { client, override } = await startWorker();
    override({
      submitTask: () => {
        throw new Problem("forbidden", "not here");
      },
    });

    const params = { room_id: "lab", job_name: "private:tests:Job" };
    await expect(client.call("submitTask", { params })).rejects.toThrow("not here");

    const span = traced.only("submit private:tests:Job");
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: "not here" });
    expect(span.attributes["error.type"]).toBe("ForbiddenError");
  });

  test("a submit in a span sends the tracestate of the span, but no baggage", async () => {
    startTracing();
    propagation.disable();
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    const { client, override, fake } = await startWorker();
    const requestHeaders: Headers[] = [];
    override({
      submitTask: (request) => {
        requestHeaders.push(request.headers);
        return fake.fakes.submitTask?.(request) ?? Promise.reject(new Error("no fake"));
      },
    });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const carrier = { traceparent, tracestate: "vendor=1", baggage: "user=ann" };
    const from = propagation.extract(context.active(), carrier);

    const params = { room_id: "lab", job_name: "private:tests:Job" };
    const { body } = await context.with(from, () => client.call("submitTask", { params }));

    expect(body.trace_context).toMatchObject({ tracestate: "vendor=1" });
    expect(body.trace_context?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
    expect(requestHeaders.map((headers) => headers.has("baggage"))).toEqual([false]);
  });
});

test("awaitTask has a span, and its long polls send the trace context of this span", async () => {
  const traced = startTracing();
  const { client, fake, override } = await startWorker();
  const trace_context = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const { id } = fake.submit("lab", "private:tests:Job", { trace_context });
  const traceparents: (string | null)[] = [];
  override({
    readTask: (request) => {
      traceparents.push(request.headers.get("traceparent"));
      fake.cancel(id);
      return fake.fakes.readTask?.(request) ?? Promise.reject(new Error("no fake"));
    },
  });

  await runInSpan("request", () => client.awaitTask(id));

  const span = traced.only("await");
  expect(getSpanIds(span).parent).toBe(getSpanIds(traced.only("request")).id);
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(getLinkedSpanIds(span)).toEqual(["b7ad6b7169203331"]);
  expect(span.attributes).toMatchObject({ "messaging.message.id": id, "joblib.task.status": "cancelled" });
  expect(traceparents).toEqual([`00-${getSpanIds(span).trace}-${getSpanIds(span).id}-01`]);
});

test("heartbeats have no trace context, even if the worker was created in a span", async () => {
  startTracing();
  const { fake, override, createManager } = startFake();
  const heartbeat = Promise.withResolvers<string | null>();
  override({
    heartbeat: (request) => {
      heartbeat.resolve(request.headers.get("traceparent"));
      return fake.fakes.heartbeat?.(request) ?? Promise.reject(new Error("no fake"));
    },
  });
  const jobs = createManager({ heartbeatSeconds: 0.05 });
  jobs.register(Job);

  await runInSpan("start", () => jobs.ready());

  expect(await heartbeat.promise).toBeNull();
});
