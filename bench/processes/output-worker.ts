import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { Extension, JobManager, type RunContext } from "joblib";
import * as z from "zod";
import { now } from "../clock.ts";
import { ROOM, type ServerAddress } from "../services/joblib-server.ts";
import { serveCalls } from "./serve-calls.ts";

/**
 * The time in which the reader of a task opens its stream before the first part, in milliseconds.
 */
const READER_MS = 60;
const WORD = "a word or two of text ";

/** Writes one part, which contains the time of the write. */
class First extends Extension("bench", {}) {
  async *run() {
    await delay(READER_MS);
    yield now();
  }
}

/** Writes short texts, each in its own turn of the event loop, until it is cancelled. */
class Stream extends Extension("bench", { seconds: z.number() }) {
  async *run(_: unknown, { signal }: RunContext) {
    const end = now() + this.seconds * 1000;
    while (now() < end && !signal.aborted) {
      yield WORD;
      await setImmediate();
    }
  }
}

/** The calls of a process whose tasks write output. */
const calls = {
  async open({ server, concurrency }: { server: ServerAddress; concurrency: number }) {
    const jobs = new JobManager({ ...server, room: ROOM });
    jobs.register(First);
    jobs.register(Stream);
    await jobs.ready();
    void jobs.run({ concurrency, start: true });
  },
};
export type OutputWorkerCalls = typeof calls;

serveCalls(calls);
