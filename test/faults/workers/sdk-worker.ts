import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Extension, JobManager, type RunContext } from "joblib";
import * as z from "zod";
import { monotonic } from "../clock.ts";
import { Recorder } from "../history/recorder.ts";

// This process is a worker that uses the SDK. It records the runs and completions of its tasks in
// the history.
const { FAULTS_HISTORY = "", FAULTS_NAME = "sdk", FAULTS_CONCURRENCY = "2" } = process.env;
const recorder = new Recorder(FAULTS_HISTORY, FAULTS_NAME);

class Work extends Extension("faults", {
  token: z.string(),
  ms: z.number().default(10),
  act: z
    .enum(["complete", "fail", "exit", "block", "large-result", "progress", "log", "output"])
    .default("complete"),
}) {
  async run(_: unknown, { signal, task, progress, log, output }: RunContext) {
    const by = task.worker_id ?? "";
    recorder.invoke("run", { task: task.id, worker: by, attempt: task.attempt }).ok();
    // The test process can compare this time with its own times, because both processes use the
    // same monotonic clock.
    signal.addEventListener("abort", () => print(`aborted ${task.id} ${monotonic()}`));
    if (this.act === "exit") process.exit(70);
    if (this.act === "block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.ms);
    else if (this.act === "progress") await this.#reportProgress(signal, progress);
    else if (this.act === "log") await this.#writeLog(log);
    else if (this.act === "output") await this.#writeOutput(signal, output);
    else await delay(this.ms, undefined, { signal });
    if (this.act === "fail") throw new Error("it did not work");
    return {
      by,
      attempt: task.attempt,
      ...(this.act === "large-result" && { filler: "x".repeat(3_000_000) }),
    };
  }

  /** Logs 100,000 lines in batches of 1,000. */
  async #writeLog(log: RunContext["log"]): Promise<void> {
    for (let batch = 0; batch < 100; batch += 1) {
      for (let line = 0; line < 1000; line += 1) log.info({ batch }, `line ${line} \u001b[31mred`);
      await delay(1);
    }
  }

  /** Writes a part of the output every few milliseconds. */
  async #writeOutput(signal: AbortSignal, output: RunContext["output"]): Promise<void> {
    const until = performance.now() + this.ms;
    for (let part = 0; performance.now() < until; part += 1) {
      await output.write(`part ${part} `);
      await delay(5, undefined, { signal });
    }
  }

  /** Reports progress every millisecond. */
  async #reportProgress(signal: AbortSignal, progress: RunContext["progress"]): Promise<void> {
    const until = performance.now() + this.ms;
    while (performance.now() < until) {
      progress(Math.random(), "running");
      await delay(1, undefined, { signal });
    }
  }
}

const print = (text: string) => process.stdout.write(`${text}\n`);
const drain = new AbortController();
process.on("SIGTERM", () => drain.abort());

const logger = {
  debug: () => {},
  info: () => {},
  warn: (fields: object, message: string) =>
    appendFileSync(`${FAULTS_HISTORY}.log`, `${message} ${String("err" in fields ? fields.err : "")}\n`),
  error: (_: object, message: string) => appendFileSync(`${FAULTS_HISTORY}.log`, `${message}\n`),
};
await using jobs = new JobManager({ logger });
jobs.register(Work);
await jobs.ready();
print(`ready ${jobs.workerId}`);
await jobs.run({
  signal: drain.signal,
  concurrency: Number(FAULTS_CONCURRENCY),
  onOutcome: (task, outcome) => {
    const worker = task.task.worker_id ?? "";
    const input = { task: task.id, worker, attempt: task.attempt };
    if (outcome.status === "completed") recorder.invoke("complete", input).ok();
    print(`${outcome.status} ${task.id} ${task.attempt}${"reason" in outcome ? ` ${outcome.reason}` : ""}`);
  },
});
print("drained");
