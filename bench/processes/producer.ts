import { setTimeout as delay } from "node:timers/promises";
import { inFlight, now } from "../clock.ts";
import type { Parcel, Place, Producer, Setting } from "../subjects/subject.ts";
import { loadSubject, type SubjectName } from "../subjects/subjects.ts";
import { answer } from "./answer.ts";

/** Ends the lanes of one call once so many seconds are over. */
interface Bounded {
  readonly count: number;
  readonly seconds: number;
}

let producer: Producer | undefined;

const opened = (): Producer => {
  if (producer === undefined) throw new Error("the producer is not open");
  return producer;
};

const NOTE = "a small payload of about one hundred bytes, as a job would carry in practice";
const parcel = (i: number, bytes = NOTE.length): Parcel => ({
  i,
  t: now(),
  note: bytes === NOTE.length ? NOTE : NOTE.repeat(Math.ceil(bytes / NOTE.length)).slice(0, bytes),
});

/** Hands tasks in, from a process of its own. */
const calls = {
  async open({ subject, place, setting }: { subject: SubjectName; place: Place; setting: Setting }) {
    producer = await (await loadSubject(subject)).producer(place, setting);
  },

  /** Many with a request, one request after the other; gives how many a second, the first request being the warm-up. */
  async bulk({ count, batch, bytes, seconds }: Bounded & { batch: number; bytes?: number }) {
    const { addMany } = opened();
    let handedIn = 0;
    const add = async (request: number): Promise<void> => {
      const first = request * batch;
      const size = Math.min(batch, count - first);
      await addMany(Array.from({ length: size }, (_, k) => parcel(first + k, bytes)));
      handedIn += size;
    };
    let from = { at: now(), tasks: 0 };
    await add(0);
    if (handedIn < count) from = { at: now(), tasks: handedIn };
    await inFlight({ width: 1, count: Math.ceil(count / batch) - 1, seconds }, (request) => add(request + 1));
    return { count: handedIn, perSecond: ((handedIn - from.tasks) * 1000) / (now() - from.at) };
  },

  /** One with a request, so many requests in flight; gives how many a second. */
  async singles({ count, seconds, width }: Bounded & { width: number }) {
    const { add } = opened();
    const began = now();
    const done = await inFlight({ width, count, seconds }, (i) => add(parcel(i)));
    return (done * 1000) / (now() - began);
  },

  /** One task. */
  async one(i: number) {
    await opened().add(parcel(i));
  },

  /** One after the other, each until it is known to be done; gives the milliseconds of each. */
  async roundTrips({ count, gapMs }: { count: number; gapMs: number }) {
    const { addAndWait } = opened();
    if (addAndWait === undefined) throw new Error("this subject tells its submitter nothing");
    const took: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const began = now();
      const known = addAndWait(parcel(i)).then(() => took.push(now() - began));
      await Promise.all([known, delay(gapMs)]);
    }
    return took;
  },

  remaining: () => opened().remaining(),
  close: () => opened().close(),
};
export type ProducerCalls = typeof calls;

answer(calls);
