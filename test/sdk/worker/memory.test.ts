import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import * as z from "zod";
import { Extension, type RunContext } from "../../../sdk/extension/extension.ts";
import { ClaimedTask } from "../../../sdk/worker/claimed-task.ts";
import { aTask } from "../../cli/wire-values.ts";
import { createClaimedTask, createEnvironment, createSession } from "./claim.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const COUNT = 1000;

class Idle extends Extension("tests", { numbers: z.array(z.number()) }) {
  run(_: unknown, { progress, signal, log }: RunContext) {
    return [typeof progress, signal.aborted, typeof log.info];
  }
}

/** Returns how many of the objects are still reachable after a full garbage collection. */
const countReachable = (references: readonly WeakRef<object>[]): number => {
  collectGarbage();
  return references.filter((reference) => reference.deref() !== undefined).length;
};

test("an ended task and its payload are garbage-collected", async () => {
  const environment = { ...createEnvironment(), find: () => Idle };
  const references: WeakRef<object>[] = [];
  const run = async (index: number) => {
    const payload = { numbers: [index] };
    const task = new ClaimedTask({ ...aTask(), status: "running", payload }, environment);
    references.push(new WeakRef(task), new WeakRef(payload));
    await task.run();
  };
  for (let index = 0; index < COUNT; index += 1) await run(index);

  await expect.poll(() => countReachable(references)).toBe(0);
  expect(environment.find()).toBe(Idle);
});

test("a session keeps no reference to removed tasks", async () => {
  const session = createSession();
  const references: WeakRef<object>[] = [];
  const kept = Array.from({ length: 100 }, (_, index) => createClaimedTask({ id: `kept-${index}` }));
  session.addTasks(kept);
  const addAndRemove = (index: number) => {
    const task = createClaimedTask({ id: `task-${index}` });
    references.push(new WeakRef(task));
    session.addTasks([task]);
    session.removeTask(task);
  };
  for (let index = 0; index < COUNT; index += 1) addAndRemove(index);

  await expect.poll(() => countReachable(references)).toBe(0);
  expect(new Set(session.tasks)).toEqual(new Set(kept));
});
