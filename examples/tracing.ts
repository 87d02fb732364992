import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  ConsoleSpanExporter,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { Extension, JobManager } from "joblib";
import { createServer, parseSettings } from "joblib/server";
import * as z from "zod";
import { renderTree } from "./span-tree.ts";

// An application registers its tracer provider once, when it starts. This example prints the spans,
// and collects them for the tree that it prints at the end.
const collected = new InMemorySpanExporter();
const provider = new TracerProvider({
  spanProcessors: [new ConsoleSpanExporter(), collected].map(
    (exporter) => new SimpleSpanProcessor({ exporter }),
  ),
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(provider);

const tracer = trace.getTracer("example");
const runInSpan = <Value>(name: string, work: () => Promise<Value>): Promise<Value> =>
  tracer.startActiveSpan(name, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });

class Area extends Extension("geometry", { radius: z.number().positive() }) {
  static attempts = 0;

  async run() {
    // Spans that start in `run` are children of the run's span.
    return await runInSpan("integrate", async () => {
      Area.attempts += 1;
      if (Area.attempts === 1) throw new RangeError("it did not converge");
      return { area: Math.PI * this.radius ** 2 };
    });
  }
}

const app = await createServer({ settings: parseSettings({}, { data_dir: "memory://", log_level: "warn" }) });
const url = await app.listen({ host: "127.0.0.1", port: 0 });
{
  await using jobs = new JobManager({ url, room: "lab" });
  jobs.register(Area);
  await jobs.ready();
  const stop = new AbortController();
  const working = jobs.run({ signal: stop.signal });

  // In a web application, an HTTP instrumentation library creates this span.
  await runInSpan("GET /area", async () => {
    const options = { maxAttempts: 2, backoff: { kind: "fixed", seconds: 0 } } as const;
    const { id } = await jobs.submit(new Area({ radius: 2 }), options);
    const task = await jobs.client.awaitTask(id);
    console.log(`the task is ${task.status}:`, task.result);
  });
  stop.abort();
  await working;
}
await app.close();

const isClaim = (name: string) => name === "joblib.claim";
const spans = collected.getFinishedSpans();
console.log(`\n${"span".padEnd(50)}${"began".padStart(9)}${"took".padStart(11)}`);
console.log(renderTree(spans.filter(({ name }) => !isClaim(name))));
console.log(`\nand ${spans.filter(({ name }) => isClaim(name)).length} claims, with links to the submit`);
await provider.shutdown();
