import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import * as z from "zod";
import type { Task } from "../../../protocol/index.ts";
import { Extension, type RunContext } from "../../../sdk/extension/extension.ts";
import { silentLogger } from "../../../sdk/logger.ts";
import { ClaimedTask } from "../../../sdk/worker/claimed-task.ts";
import { TaskTable } from "../../../sdk/worker/task-table.ts";
import { aTask } from "../../cli/wire-values.ts";

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

test("nothing that outlives a task keeps a reference to it", async () => {
  const environment = {
    updates: {
      deliver: async ({ currentTask }: { currentTask?: Task | undefined }) => ({
        ...(currentTask ?? aTask()),
      }),
    },
    logger: silentLogger,
    captureConsole: true,
    context: undefined,
    find: () => Idle,
    release: async () => {},
    onEnding: () => {},
    onSettled: () => {},
  };
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

test("a table keeps no reference to deleted tasks", async () => {
  const table = new TaskTable<{ readonly id: string }>();
  const references: WeakRef<object>[] = [];
  const kept = Array.from({ length: 100 }, (_, index) => ({ id: `kept-${index}` }));
  for (const task of kept) table.add(task);
  const addAndDelete = (index: number) => {
    const task = { id: `task-${index}` };
    references.push(new WeakRef(task));
    table.add(task);
    table.delete(task);
  };
  for (let index = 0; index < COUNT; index += 1) addAndDelete(index);

  await expect.poll(() => countReachable(references)).toBe(0);
  expect(new Set(table)).toEqual(new Set(kept));
});
