import { setTimeout as delay } from "node:timers/promises";
import { now, runConcurrently } from "../clock.ts";
import type { Endpoints, Payload, Producer, Setting } from "../subjects/subject.ts";
import { loadSubject, type SubjectName } from "../subjects/subjects.ts";
import { serveCalls } from "./serve-calls.ts";

/** The limits of a call: a number of tasks and a duration. */
interface Limits {
  readonly count: number;
  readonly seconds: number;
}

let producer: Producer | undefined;

const getProducer = (): Producer => {
  if (producer === undefined) throw new Error("`open` must be called first");
  return producer;
};

const NOTE = "a small payload of about one hundred bytes, as a job would carry in practice";
const createPayload = (i: number, bytes = NOTE.length): Payload => ({
  i,
  t: now(),
  note: bytes === NOTE.length ? NOTE : NOTE.repeat(Math.ceil(bytes / NOTE.length)).slice(0, bytes),
});

/** The calls of a process that submits tasks. */
const calls = {
  async open({
    subject,
    endpoints,
    setting,
  }: {
    subject: SubjectName;
    endpoints: Endpoints;
    setting: Setting;
  }) {
    producer = await (await loadSubject(subject)).producer(endpoints, setting);
  },

  /**
   * Submits batches one after the other. Returns the rate in tasks per second. The first batch is a
   * warm-up and is not timed.
   */
  async bulk({ count, batch, bytes, seconds }: Limits & { batch: number; bytes?: number }) {
    const { addMany } = getProducer();
    let submitted = 0;
    const add = async (request: number): Promise<void> => {
      const first = request * batch;
      const size = Math.min(batch, count - first);
      await addMany(Array.from({ length: size }, (_, k) => createPayload(first + k, bytes)));
      submitted += size;
    };
    let from = { at: now(), tasks: 0 };
    await add(0);
    if (submitted < count) from = { at: now(), tasks: submitted };
    await runConcurrently({ width: 1, count: Math.ceil(count / batch) - 1, seconds }, (request) =>
      add(request + 1),
    );
    return { count: submitted, perSecond: ((submitted - from.tasks) * 1000) / (now() - from.at) };
  },

  /**
   * Submits one task per request, with `width` requests in flight. Returns the rate in tasks per
   * second.
   */
  async singles({ count, seconds, width }: Limits & { width: number }) {
    const { add } = getProducer();
    const began = now();
    const done = await runConcurrently({ width, count, seconds }, (i) => add(createPayload(i)));
    return (done * 1000) / (now() - began);
  },

  /** Submits a batch of tasks at each interval. */
  async steady({ batch, intervalMs, seconds }: { batch: number; intervalMs: number; seconds: number }) {
    const { addMany } = getProducer();
    const startedAt = now();
    for (let i = 0; now() < startedAt + seconds * 1000; i += 1) {
      await delay(Math.max(0, startedAt + i * intervalMs - now()));
      await addMany(Array.from({ length: batch }, (_, k) => createPayload(i * batch + k)));
    }
  },

  async one(i: number) {
    await getProducer().add(createPayload(i));
  },

  /**
   * Submits tasks one after the other, each when the result of the previous one is known. Returns
   * the milliseconds from the submit to the result of each task.
   */
  async roundTrips({ count, gapMs }: { count: number; gapMs: number }) {
    const { addAndWait } = getProducer();
    if (addAndWait === undefined) throw new Error("this subject cannot wait for results");
    const took: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const began = now();
      const completed = addAndWait(createPayload(i)).then(() => took.push(now() - began));
      await Promise.all([completed, delay(gapMs)]);
    }
    return took;
  },

  remaining: () => getProducer().remaining(),
  close: () => getProducer().close(),
};
export type ProducerCalls = typeof calls;

serveCalls(calls);
