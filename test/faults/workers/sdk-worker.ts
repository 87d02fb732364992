import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Extension, JobManager, type RunContext } from "joblib";
import * as z from "zod";
import { monotonic } from "../clock.ts";
import { Recorder } from "../history/recorder.ts";

/** A real worker on the SDK, in a process of its own; what its tasks go through is in the history. */
const { FAULTS_HISTORY = "", FAULTS_NAME = "sdk", FAULTS_CONCURRENCY = "2" } = process.env;
const recorder = new Recorder(FAULTS_HISTORY, FAULTS_NAME);

class Work extends Extension("faults", {
  token: z.string(),
  ms: z.number().default(10),
  act: z.enum(["complete", "fail", "exit", "block", "big", "report", "log"]).default("complete"),
}) {
  async run(_: unknown, { signal, task, progress, log }: RunContext) {
    const by = task.worker_id ?? "";
    recorder.invoke("run", { task: task.id, worker: by, attempt: task.attempt }).ok();
    // Every process of a run reads the same monotonic clock.
    signal.addEventListener("abort", () => say(`aborted ${task.id} ${monotonic()}`));
    if (this.act === "exit") process.exit(70);
    if (this.act === "block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.ms);
    else if (this.act === "report") await this.#report(signal, progress);
    else if (this.act === "log") await this.#log(log);
    else await delay(this.ms, undefined, { signal });
    if (this.act === "fail") throw new Error("it did not work");
    return { by, attempt: task.attempt, ...(this.act === "big" && { weight: "x".repeat(3_000_000) }) };
  }

  /** A hundred thousand lines, as fast as they can be said. */
  async #log(log: RunContext["log"]): Promise<void> {
    for (let turn = 0; turn < 100; turn += 1) {
      for (let line = 0; line < 1000; line += 1) log.info({ turn }, `line ${line} \u001b[31mred`);
      await delay(1);
    }
  }

  /** A report every millisecond. */
  async #report(signal: AbortSignal, progress: RunContext["progress"]): Promise<void> {
    const until = performance.now() + this.ms;
    while (performance.now() < until) {
      progress(Math.random(), "on it");
      await delay(1, undefined, { signal });
    }
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`);
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
say(`ready ${jobs.workerId}`);
await jobs.run({
  signal: drain.signal,
  concurrency: Number(FAULTS_CONCURRENCY),
  onOutcome: (task, outcome) => {
    const worker = task.task.worker_id ?? "";
    const asked = { task: task.id, worker, attempt: task.attempt };
    if (outcome.status === "completed") recorder.invoke("complete", asked).ok();
    say(`${outcome.status} ${task.id} ${task.attempt}${"reason" in outcome ? ` ${outcome.reason}` : ""}`);
  },
});
say("drained");
