import type { OutputReadersCalls } from "../processes/output-readers.ts";
import type { OutputWorkerCalls } from "../processes/output-worker.ts";
import { Process } from "../processes/process.ts";
import { median } from "../statistics.ts";
import type { Bench, Measure } from "./measure.ts";
import { createSetup } from "./setup.ts";

const STREAMS = 100;
const WARM_UP = 20;

/** Starts a server, a worker whose tasks write output, and a process that reads this output. */
const measureOutput = async <Value>(
  bench: Bench,
  concurrency: number,
  read: (readers: Process<OutputReadersCalls>) => Promise<Value>,
): Promise<Value> => {
  await using setup = await createSetup(bench, "joblib");
  const { url, token } = setup.endpoints;
  await using worker = await Process.start<OutputWorkerCalls>("output-worker.ts");
  await worker.call("open", { server: { url, token }, concurrency });
  await using readers = await Process.start<OutputReadersCalls>("output-readers.ts");
  await readers.call("open", { url, token });
  return await read(readers);
};

export const outputs: readonly Measure[] = [
  {
    units: { "joblib first part p50": "ms" },
    timeoutSeconds: 60,
    async run(bench) {
      const count = (bench.isQuick ? 50 : 100) + WARM_UP;
      const took = await measureOutput(bench, 1, (readers) => readers.call("firstParts", count));
      return { "joblib first part p50": median(took.slice(WARM_UP)) };
    },
  },
  {
    units: { "joblib parts of 100 streams": "parts/s" },
    timeoutSeconds: 60,
    async run(bench) {
      const seconds = bench.isQuick ? 3 : 5;
      const { perSecond } = await measureOutput(bench, STREAMS, async (readers) => {
        await readers.call("readStreams", { count: STREAMS, seconds: 1 });
        return readers.call("readStreams", { count: STREAMS, seconds });
      });
      return { "joblib parts of 100 streams": perSecond };
    },
  },
];
