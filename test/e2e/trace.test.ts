import Fastify from "fastify";
import { expect, inject, onTestFinished, test } from "vitest";
import * as z from "zod";
import { Extension, JobManager } from "../../sdk/index.ts";
import { createServer, parseSettings } from "../../server/index.ts";
import { createDatabase } from "../support/postgres.ts";
import { getLinkedSpanIds, getSpanIds, runInSpan, startTracing } from "../support/tracing.ts";

class Double extends Extension("tests", { n: z.number() }) {
  run() {
    return runInSpan("compute", async () => this.n * 2);
  }
}

/**
 * Starts a server on PostgreSQL, a worker, and a web application that submits a task for each
 * request.
 */
const start = async () => {
  const database_url = await createDatabase(inject("postgresUrl"));
  const server = await createServer({ settings: parseSettings({}, { log_level: "silent", database_url }) });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const jobs = new JobManager({ url, room: "lab" });
  jobs.register(Double);
  await jobs.ready();

  const web = Fastify();
  // Creates spans as an HTTP instrumentation does: a span for the request, and child spans for the
  // calls that the handler makes.
  web.get<{ Params: { n: string } }>("/double/:n", ({ params }) =>
    runInSpan("GET /double/:n", async () => {
      const { id } = await jobs.submit(new Double({ n: Number(params.n) }));
      return await jobs.client.awaitTask(id, { wait: 20 });
    }),
  );
  onTestFinished(async () => {
    await web.close();
    await jobs.dispose();
    await server.close();
  });
  return { web, jobs };
};

test("one trace contains a web request, its task and the spans of the worker's handler", async () => {
  const traced = startTracing();
  const { web, jobs } = await start();
  const stop = new AbortController();
  const working = jobs.run({ signal: stop.signal });

  const answer = await web.inject("/double/21");
  stop.abort();
  await working;

  expect(answer.json()).toMatchObject({ status: "completed", result: 42 });
  const { trace, id: request } = getSpanIds(traced.only("GET /double/:n"));
  const submit = getSpanIds(traced.only("submit private:tests:Double"));
  const run = getSpanIds(traced.only("run private:tests:Double"));
  const waited = getSpanIds(traced.only("await"));
  expect(submit).toMatchObject({ trace, parent: request });
  expect(getSpanIds(traced.only("joblib.submit"))).toMatchObject({ trace, parent: submit.id });
  expect(run).toMatchObject({ trace, parent: submit.id });
  expect(getSpanIds(traced.only("compute"))).toMatchObject({ trace, parent: run.id });
  expect(waited).toMatchObject({ trace, parent: request });
  expect(getSpanIds(traced.only("joblib.await"))).toMatchObject({ trace, parent: waited.id });
  // The two updates of the worker, to running and to completed, belong to the run.
  const updates = traced.spans.filter(({ name }) => name === "joblib.update");
  expect(updates.map(getSpanIds)).toMatchObject([
    { trace, parent: run.id },
    { trace, parent: run.id },
  ]);
  // A claim may return several tasks, so it has its own trace, with links to the traces of these
  // tasks.
  const claim = traced.only("joblib.claim");
  expect(getLinkedSpanIds(claim)).toEqual([submit.id]);
  expect(getSpanIds(claim).trace).not.toBe(trace);
});
