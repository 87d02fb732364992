import { context, propagation, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { describe, expect, test } from "vitest";
import { Problem } from "../../protocol/index.ts";
import { Extension } from "../../sdk/extension.ts";
import { getLinkedSpanIds, getSpanIds, runInSpan, startTracing } from "../support/tracing.ts";
import { startFake } from "./network.ts";

class Job extends Extension("tests", {}) {
  run() {}
}

const aSubmitter = async () => {
  const network = startFake();
  const jobs = network.manager({});
  jobs.register(Job);
  await jobs.ready();
  return { ...network, jobs };
};

describe("the span of a submit", () => {
  test("of many is one, and its place is kept with each of them", async () => {
    const traced = startTracing();
    const { jobs } = await aSubmitter();

    const tasks = await jobs.submit([new Job({}), new Job({}), new Job({})]);

    const span = traced.only("submit private:tests:Job");
    expect(span.attributes["messaging.batch.message_count"]).toBe(3);
    const { traceId, spanId } = span.spanContext();
    expect(tasks.map(({ trace_context }) => trace_context?.traceparent)).toEqual(
      Array(3).fill(`00-${traceId}-${spanId}-01`),
    );
  });

  test("says what the server refused it for", async () => {
    const traced = startTracing();
    const { client, instead } = await aSubmitter();
    instead({
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

  test("carries a tracestate on, and nobody's baggage", async () => {
    startTracing();
    propagation.disable();
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    const { client, instead, fake } = await aSubmitter();
    const seen: Headers[] = [];
    instead({
      submitTask: (request) => {
        seen.push(request.headers);
        return fake.fakes.submitTask?.(request) ?? Promise.reject(new Error("no fake"));
      },
    });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const given = { traceparent, tracestate: "vendor=1", baggage: "user=ann" };
    const from = propagation.extract(context.active(), given);

    const params = { room_id: "lab", job_name: "private:tests:Job" };
    const { body } = await context.with(from, () => client.call("submitTask", { params }));

    expect(body.trace_context).toMatchObject({ tracestate: "vendor=1" });
    expect(body.trace_context?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
    expect(seen.map((headers) => headers.has("baggage"))).toEqual([false]);
  });
});

test("waiting for a task is a span, and its long-polls carry it", async () => {
  const traced = startTracing();
  const { client, fake, instead } = await aSubmitter();
  const trace_context = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const { id } = fake.submit("lab", "private:tests:Job", { trace_context });
  const seen: (string | null)[] = [];
  instead({
    readTask: (request) => {
      seen.push(request.headers.get("traceparent"));
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
  expect(seen).toEqual([`00-${getSpanIds(span).trace}-${getSpanIds(span).id}-01`]);
});

test("heartbeats are of no trace, whatever was active when the worker was announced", async () => {
  startTracing();
  const { fake, instead, manager } = startFake();
  const beat = Promise.withResolvers<string | null>();
  instead({
    heartbeat: (request) => {
      beat.resolve(request.headers.get("traceparent"));
      return fake.fakes.heartbeat?.(request) ?? Promise.reject(new Error("no fake"));
    },
  });
  const jobs = manager({ heartbeatSeconds: 0.05 });
  jobs.register(Job);

  await runInSpan("start", () => jobs.ready());

  expect(await beat.promise).toBeNull();
});
