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

/** Creates a job. The returned `submit` submits a task of this job. */
const createJob = async () => {
  const room = newRoomId();
  const job = await api.registerJob(room, { schema: { properties: { n: { type: "number" } } } });
  const submit = (headers: Record<string, string> = {}, body: object = {}) =>
    api.as("ann").post(`/rooms/${room}/tasks/${job.full_name}`, { body, headers });
  return { room, job, submit };
};

describe("server without tracing", () => {
  test("a server without tracing stores the trace context of a submission and returns it to the worker", async () => {
    const { job, submit } = await createJob();

    const task = ok(await submit({ traceparent, tracestate: "vendor=1" }), 202);

    const contexts = { traceparent, tracestate: "vendor=1" };
    expect(task.trace_context).toEqual(contexts);
    expect((await api.claim(job.worker_id)).trace_context).toEqual(contexts);
    expect((await api.readTask(task.id)).trace_context).toEqual(contexts);
  });

  test("a server without tracing stores no trace context if the request's trace context is missing or invalid", async () => {
    const { job, submit } = await createJob();

    const plain = ok(await submit(), 202);
    const malformed = ok(await submit({ traceparent: "00-nonsense", tracestate: "vendor=1" }), 202);

    expect(plain).not.toHaveProperty("trace_context");
    expect(malformed).not.toHaveProperty("trace_context");
    expect(await api.claim(job.worker_id)).not.toHaveProperty("trace_context");
  });

  test("a server without tracing stores the trace context of the request in all tasks of a submission", async () => {
    const { room, job } = await createJob();
    const tasks = [{ job_name: job.full_name }, { job_name: job.full_name }];

    const response = await api
      .as("ann")
      .post(`/rooms/${room}/tasks`, { body: { tasks }, headers: { traceparent } });

    expect(ok(response, 202).tasks.map(({ trace_context }) => trace_context)).toEqual([
      { traceparent },
      { traceparent },
    ]);
  });

  test("a server without tracing stores the trace context of each call of a batch, or the trace context of the request if the call has no valid trace context", async () => {
    const { room, job } = await createJob();
    const ownContext = { traceparent: traceparent.replace(SPAN, "c".repeat(16)), tracestate: "vendor=1" };
    const submits = [{ trace_context: ownContext }, {}, { trace_context: { traceparent: "nonsense" } }].map(
      (submit) => ({ job_name: job.full_name, ...submit }),
    );
    const send = async (prefer: Record<string, string>) =>
      ok(
        await api.as("ann").post(`/rooms/${room}/submissions`, {
          body: { submissions: submits },
          headers: { traceparent, ...prefer },
        }),
      );

    const { results } = await send({});
    const minimal = await send({ prefer: "return=minimal" });

    const contexts = [ownContext, { traceparent }, { traceparent }];
    expect(results.map(({ task }) => task?.trace_context)).toEqual(contexts);
    expect(minimal).toMatchObject({
      common: { trace_context: ownContext },
      results: [
        { id: expect.any(String) },
        ...contexts.slice(1).map((trace_context) => ({ task: { trace_context } })),
      ],
    });
  });

  test("a server without tracing treats submissions with the same idempotency key and different trace contexts as the same request, also in a batch", async () => {
    const { room, job, submit } = await createJob();
    const key = newRoomId();
    const submits = [{ job_name: job.full_name, idempotency_key: key, trace_context: { traceparent } }];

    const { id } = ok(await submit({ "idempotency-key": key }), 202);
    const { results } = ok(
      await api.as("ann").post(`/rooms/${room}/submissions`, { body: { submissions: submits } }),
    );

    expect(results).toMatchObject([{ task: { id } }]);
  });

  test("a server without tracing returns the trace context of the first submission for a repeated submission", async () => {
    const { submit } = await createJob();
    const key = { "idempotency-key": newRoomId() };

    ok(await submit({ ...key, traceparent }), 202);
    const repeated = ok(
      await submit({ ...key, traceparent: traceparent.replace(SPAN, "c".repeat(16)) }),
      200,
    );

    expect(repeated.trace_context).toEqual({ traceparent });
  });

  test("a server without tracing creates no span", async () => {
    const { submit } = await createJob();
    const startSpan = vi.spyOn(trace.getTracer("joblib").constructor.prototype, "startSpan");

    ok(await submit({ traceparent }), 202);

    expect(startSpan).not.toHaveBeenCalled();
    startSpan.mockRestore();
  });
});

describe("server with tracing", () => {
  test("a server with tracing continues the submitter's trace and stores its context unchanged", async () => {
    const spans = startTracing();
    const { room, job, submit } = await createJob();

    const task = ok(await submit({ traceparent }), 202);

    const span = spans.only("joblib.submit");
    expect(getSpanIds(span)).toMatchObject({ trace: TRACE, parent: SPAN });
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.attributes).toEqual({
      "messaging.system.name": "joblib",
      "messaging.destination.name": job.full_name,
      "joblib.room": room,
    });
    expect(task.trace_context).toEqual({ traceparent });
  });

  test("a server with tracing starts a new trace if the submission has no trace context", async () => {
    const spans = startTracing();
    const { submit } = await createJob();

    const task = ok(await submit(), 202);

    const { trace: traceId, id, parent } = getSpanIds(spans.only("joblib.submit"));
    expect(parent).toBeUndefined();
    expect(task.trace_context).toEqual({ traceparent: `00-${traceId}-${id}-01` });
  });

  test("a server with tracing creates a child of the host's span of the request", async () => {
    const spans = startTracing();
    const { submit } = await createJob();

    await runInSpan("host", () => submit({ traceparent }));

    const span = spans.only("joblib.submit");
    expect(getSpanIds(span).parent).toBe(getSpanIds(spans.only("host")).id);
    expect(span.kind).toBe(SpanKind.INTERNAL);
  });

  test("a server with tracing records the problem of a rejected submission, but no error status", async () => {
    const spans = startTracing();
    const { submit } = await createJob();

    expectProblem(await submit({ traceparent }, { payload: { n: "secret" } }), "validation-error");

    const span = spans.only("joblib.submit");
    expect(span.attributes["error.type"]).toBe("validation-error");
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(JSON.stringify([span.attributes, span.events])).not.toContain("secret");
  });

  test("a server with tracing creates one span for a batch of submissions, with links to the trace contexts of the submissions", async () => {
    const spans = startTracing();
    const { room, job } = await createJob();
    const submits = [{ trace_context: { traceparent } }, {}].map((submit) => ({
      ...{ job_name: job.full_name, ...submit },
    }));

    ok(await api.as("ann").post(`/rooms/${room}/submissions`, { body: { submissions: submits } }));

    const span = spans.only("joblib.submit");
    expect(getLinkedSpanIds(span)).toEqual([SPAN]);
    expect(span.attributes["messaging.batch.message_count"]).toBe(2);
  });

  test("a server with tracing creates a span for a claim that returned tasks, with links to their submissions", async () => {
    const spans = startTracing();
    const { job, submit } = await createJob();
    const claims = () => api.as("wes").post(`/workers/${job.worker_id}/claims`, { body: { limit: 5 } });

    expect(ok(await claims()).tasks).toEqual([]);
    ok(await submit({ traceparent }), 202);
    ok(await submit({ traceparent: traceparent.replace(SPAN, "c".repeat(16)) }), 202);
    expect(ok(await claims()).tasks).toHaveLength(2);

    const span = spans.only("joblib.claim");
    expect(getLinkedSpanIds(span)).toEqual([SPAN, "c".repeat(16)]);
    expect(span.attributes).toEqual({
      "messaging.system.name": "joblib",
      "messaging.client.id": job.worker_id,
      "messaging.batch.message_count": 2,
    });
  });

  test("a server with tracing creates a span for a long poll for a task, and no span for a read without a wait", async () => {
    const spans = startTracing();
    const { submit } = await createJob();
    const { id, trace_context } = ok(await submit(), 202);

    await api.as("ann").get(`/tasks/${id}`);
    const waiting = api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=20", traceparent } });
    ok(await api.update(id, { status: "cancelled" }, "ann"));
    ok(await waiting);

    const span = spans.only("joblib.await");
    expect(getSpanIds(span)).toMatchObject({ trace: TRACE, parent: SPAN });
    expect(trace_context?.traceparent).toContain(getLinkedSpanIds(span)[0]);
    expect(span.attributes).toMatchObject({
      "messaging.message.id": id,
      "joblib.wait_seconds": 20,
      "joblib.task.status": "cancelled",
    });
  });

  test("a server with tracing creates a span for a status update, with a link to the submission, and no span for progress", async () => {
    const spans = startTracing();
    const { job, submit } = await createJob();
    const { id } = ok(await submit({ traceparent }), 202);
    const { attempt } = await api.claim(job.worker_id, { start: true });
    const fence = { worker_id: job.worker_id, attempt };

    ok(await api.update(id, { ...fence, progress: { fraction: 0.5 } }));
    ok(await api.update(id, { ...fence, status: "completed", result: 1 }));

    const span = spans.only("joblib.update");
    expect(getLinkedSpanIds(span)).toEqual([SPAN]);
    expect(span.attributes).toMatchObject({ "messaging.message.id": id, "joblib.task.status": "completed" });
  });

  test("a server with tracing creates one span for a batch of updates, with a link to each updated task", async () => {
    const spans = startTracing();
    const { job, submit } = await createJob();
    const ids = [ok(await submit({ traceparent }), 202).id, ok(await submit({ traceparent }), 202).id];
    await api.as("wes").post(`/workers/${job.worker_id}/claims`, { body: { limit: 5, start: true } });

    const updates = [...ids, crypto.randomUUID()].map((id) => ({ id, status: "completed", attempt: 1 }));
    ok(await api.as("wes").patch(`/workers/${job.worker_id}/tasks`, { body: { updates } }));

    const span = spans.only("joblib.update");
    expect(getLinkedSpanIds(span)).toEqual([SPAN, SPAN]);
    expect(span.attributes).toMatchObject({
      "messaging.client.id": job.worker_id,
      "messaging.batch.message_count": 3,
    });
  });
});
