import { now } from "../clock.ts";
import type { Endpoints, Setting, Worker } from "../subjects/subject.ts";
import { loadSubject, type SubjectName } from "../subjects/subjects.ts";
import { serveCalls } from "./serve-calls.ts";

/**
 * Number of tasks in a block. A worker records the start time of the last task of each block. The
 * rate is computed from these times.
 */
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

/** The functions that the benchmark can call in a process that runs tasks. */
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
    worker = await (await loadSubject(subject)).worker(endpoints, setting, onTask);
  },
  async start() {
    await worker?.start();
  },
  started: () => count,
  /** Returns the start time of every `BLOCK`-th task. */
  blocks: () => blocks,
  /**
   * For each task since the previous call, returns the milliseconds from the submit until the
   * handler started.
   */
  collectPickups() {
    const previous = pickups;
    pickups = [];
    return previous;
  },
};
export type WorkerCalls = typeof calls;

serveCalls(calls);
