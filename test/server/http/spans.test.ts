import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { getLinkedSpanIds, getSpanIds, runInSpan, startTracing } from "../../support/tracing.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const traceparent = `00-${TRACE}-${SPAN}-01`;

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** A job, and how to submit a task of it with these headers. */
const aJob = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room, { schema: { properties: { n: { type: "number" } } } });
  const submit = (headers: Record<string, string> = {}, body: object = {}) =>
    api.as("ann").post(`/rooms/${room}/tasks/${job.full_name}`, { body, headers });
  return { room, job, submit };
};

describe("where nobody traces", () => {
  test("the task keeps its submitter's context, and the worker is given it", async () => {
    const { job, submit } = await aJob();

    const task = ok(await submit({ traceparent, tracestate: "vendor=1" }), 202);

    const kept = { traceparent, tracestate: "vendor=1" };
    expect(task.trace_context).toEqual(kept);
    expect((await api.claim(job.worker_id)).trace_context).toEqual(kept);
    expect((await api.readTask(task.id)).trace_context).toEqual(kept);
  });

  test("a task without one has no such member, and what cannot be read is ignored", async () => {
    const { job, submit } = await aJob();

    const plain = ok(await submit(), 202);
    const garbled = ok(await submit({ traceparent: "00-nonsense", tracestate: "vendor=1" }), 202);

    expect(plain).not.toHaveProperty("trace_context");
    expect(garbled).not.toHaveProperty("trace_context");
    expect(await api.claim(job.worker_id)).not.toHaveProperty("trace_context");
  });

  test("all of a bulk submit keep its context", async () => {
    const { room, job } = await aJob();
    const tasks = [{ job_name: job.full_name }, { job_name: job.full_name }];

    const answer = await api
      .as("ann")
      .post(`/rooms/${room}/tasks`, { body: { tasks }, headers: { traceparent } });

    expect(ok(answer, 202).tasks.map(({ trace_context }) => trace_context)).toEqual([
      { traceparent },
      { traceparent },
    ]);
  });

  test("each of many single submits keeps its own, else the request's", async () => {
    const { room, job } = await aJob();
    const own = { traceparent: traceparent.replace(SPAN, "c".repeat(16)), tracestate: "vendor=1" };
    const submits = [{ trace_context: own }, {}, { trace_context: { traceparent: "nonsense" } }].map(
      (submit) => ({ job_name: job.full_name, ...submit }),
    );
    const send = async (prefer: Record<string, string>) =>
      ok(
        await api
          .as("ann")
          .post(`/rooms/${room}/submits`, { body: { submits }, headers: { traceparent, ...prefer } }),
      );

    const { results } = await send({});
    const brief = await send({ prefer: "return=minimal" });

    const kept = [own, { traceparent }, { traceparent }];
    expect(results.map(({ task }) => task?.trace_context)).toEqual(kept);
    expect(brief).toMatchObject({
      common: { trace_context: own },
      results: [
        { id: expect.any(String) },
        ...kept.slice(1).map((trace_context) => ({ task: { trace_context } })),
      ],
    });
  });

  test("the same submit with its key, alone or among many, is the same request", async () => {
    const { room, job, submit } = await aJob();
    const key = newRoomId();
    const submits = [{ job_name: job.full_name, idempotency_key: key, trace_context: { traceparent } }];

    const { id } = ok(await submit({ "idempotency-key": key }), 202);
    const { results } = ok(await api.as("ann").post(`/rooms/${room}/submits`, { body: { submits } }));

    expect(results).toMatchObject([{ task: { id } }]);
  });

  test("a repeated submit is the first one's task, in the first one's trace", async () => {
    const { submit } = await aJob();
    const key = { "idempotency-key": newRoomId() };

    ok(await submit({ ...key, traceparent }), 202);
    const again = ok(await submit({ ...key, traceparent: traceparent.replace(SPAN, "c".repeat(16)) }), 200);

    expect(again.trace_context).toEqual({ traceparent });
  });

  test("no span is made", async () => {
    const { submit } = await aJob();
    const startSpan = vi.spyOn(trace.getTracer("joblib").constructor.prototype, "startSpan");

    ok(await submit({ traceparent }), 202);

    expect(startSpan).not.toHaveBeenCalled();
    startSpan.mockRestore();
  });
});

describe("a server that traces", () => {
  test("goes on with the submitter's trace, which the task keeps as it came", async () => {
    const traced = startTracing();
    const { room, job, submit } = await aJob();

    const task = ok(await submit({ traceparent }), 202);

    const span = traced.only("joblib.submit");
    expect(getSpanIds(span)).toMatchObject({ trace: TRACE, parent: SPAN });
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.attributes).toEqual({
      "messaging.system.name": "joblib",
      "messaging.destination.name": job.full_name,
      "joblib.room": room,
    });
    expect(task.trace_context).toEqual({ traceparent });
  });

  test("begins a trace for a submitter that has none", async () => {
    const traced = startTracing();
    const { submit } = await aJob();

    const task = ok(await submit(), 202);

    const { trace: own, id, parent } = getSpanIds(traced.only("joblib.submit"));
    expect(parent).toBeUndefined();
    expect(task.trace_context).toEqual({ traceparent: `00-${own}-${id}-01` });
  });

  test("is part of its host's own span of the request", async () => {
    const traced = startTracing();
    const { submit } = await aJob();

    await runInSpan("host", () => submit({ traceparent }));

    const span = traced.only("joblib.submit");
    expect(getSpanIds(span).parent).toBe(getSpanIds(traced.only("host")).id);
    expect(span.kind).toBe(SpanKind.INTERNAL);
  });

  test("tells what it refused, which is no error of its own", async () => {
    const traced = startTracing();
    const { submit } = await aJob();

    expectProblem(await submit({ traceparent }, { payload: { n: "secret" } }), "validation-error");

    const span = traced.only("joblib.submit");
    expect(span.attributes["error.type"]).toBe("validation-error");
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(JSON.stringify([span.attributes, span.events])).not.toContain("secret");
  });

  test("tells of many single submits in one span, linked to where each came from", async () => {
    const traced = startTracing();
    const { room, job } = await aJob();
    const submits = [{ trace_context: { traceparent } }, {}].map((submit) => ({
      ...{ job_name: job.full_name, ...submit },
    }));

    ok(await api.as("ann").post(`/rooms/${room}/submits`, { body: { submits } }));

    const span = traced.only("joblib.submit");
    expect(getLinkedSpanIds(span)).toEqual([SPAN]);
    expect(span.attributes["messaging.batch.message_count"]).toBe(2);
  });

  test("tells of a claim that found something, with a link to each task's submit, and of no other", async () => {
    const traced = startTracing();
    const { job, submit } = await aJob();
    const claims = () => api.as("wes").post(`/workers/${job.worker_id}/claims`, { body: { limit: 5 } });

    expect(ok(await claims()).tasks).toEqual([]);
    ok(await submit({ traceparent }), 202);
    ok(await submit({ traceparent: traceparent.replace(SPAN, "c".repeat(16)) }), 202);
    expect(ok(await claims()).tasks).toHaveLength(2);

    const span = traced.only("joblib.claim");
    expect(getLinkedSpanIds(span)).toEqual([SPAN, "c".repeat(16)]);
    expect(span.attributes).toEqual({
      "messaging.system.name": "joblib",
      "messaging.client.id": job.worker_id,
      "messaging.batch.message_count": 2,
    });
  });

  test("tells of who waits for a task, and not of who only looks", async () => {
    const traced = startTracing();
    const { submit } = await aJob();
    const { id, trace_context } = ok(await submit(), 202);

    await api.as("ann").get(`/tasks/${id}`);
    const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=20", traceparent } });
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    ok(await waiting);

    const span = traced.only("joblib.await");
    expect(getSpanIds(span)).toMatchObject({ trace: TRACE, parent: SPAN });
    expect(trace_context?.traceparent).toContain(getLinkedSpanIds(span)[0]);
    expect(span.attributes).toMatchObject({
      "messaging.message.id": id,
      "joblib.wait_seconds": 20,
      "joblib.task.status": "cancelled",
    });
  });

  test("tells of a step and where it came from, and not of progress", async () => {
    const traced = startTracing();
    const { job, submit } = await aJob();
    const { id } = ok(await submit({ traceparent }), 202);
    const { attempt } = await api.claim(job.worker_id, { start: true });
    const hold = { worker_id: job.worker_id, attempt };

    ok(await api.update(id, { ...hold, progress: { fraction: 0.5 } }));
    ok(await api.update(id, { ...hold, status: "completed", result: 1 }));

    const span = traced.only("joblib.update");
    expect(getLinkedSpanIds(span)).toEqual([SPAN]);
    expect(span.attributes).toMatchObject({ "messaging.message.id": id, "joblib.task.status": "completed" });
  });

  test("tells of many steps in one span, linked to each task that moved", async () => {
    const traced = startTracing();
    const { job, submit } = await aJob();
    const ids = [ok(await submit({ traceparent }), 202).id, ok(await submit({ traceparent }), 202).id];
    await api.as("wes").post(`/workers/${job.worker_id}/claims`, { body: { limit: 5, start: true } });

    const updates = [...ids, crypto.randomUUID()].map((id) => ({ id, status: "completed", attempt: 1 }));
    ok(await api.as("wes").patch(`/workers/${job.worker_id}/tasks`, { body: { updates } }));

    const span = traced.only("joblib.update");
    expect(getLinkedSpanIds(span)).toEqual([SPAN, SPAN]);
    expect(span.attributes).toMatchObject({
      "messaging.client.id": job.worker_id,
      "messaging.batch.message_count": 3,
    });
  });
});
