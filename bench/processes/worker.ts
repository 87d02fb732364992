import { now } from "../clock.ts";
import type { Place, Setting, Worker } from "../subjects/subject.ts";
import { loadSubject, type SubjectName } from "../subjects/subjects.ts";
import { answer } from "./answer.ts";

/** A drain is timed by the moments at which each so many tasks have begun. */
export const BLOCK = 100;

let worker: Worker | undefined;
let count = 0;
const blocks: number[] = [];
let pickups: number[] = [];

const onTask = ({ t }: { t: number }): void => {
  const at = now();
  count += 1;
  if (count % BLOCK === 0) blocks.push(at);
  pickups.push(at - t);
};

/** Takes tasks out, in a process of its own. */
const calls = {
  async open({ subject, place, setting }: { subject: SubjectName; place: Place; setting: Setting }) {
    worker = await (await loadSubject(subject)).worker(place, setting, onTask);
  },
  async start() {
    await worker?.start();
  },
  begun: () => count,
  /** When each block had begun. */
  blocks: () => blocks,
  /** Milliseconds from hand-in to handler, since the last call. */
  takePickups() {
    const taken = pickups;
    pickups = [];
    return taken;
  },
};
export type WorkerCalls = typeof calls;

answer(calls);
