import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import * as z from "zod";
import type { Task } from "../../protocol/index.ts";
import { ClaimedTask } from "../../sdk/claimed-task.ts";
import { Extension, type RunContext } from "../../sdk/extension.ts";
import { silentLogger } from "../../sdk/logger.ts";
import { TaskTable } from "../../sdk/task-table.ts";
import { aTask } from "../cli/wire-values.ts";

setFlagsFromString("--expose-gc");
const collect: (options: { type: "minor" | "major" }) => void = runInNewContext("gc");

const oldBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name }) => /^(old|large_object)_space$/.test(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);

/** 4 KB of payload for each, and each is tenured that is still there after two young collections. */
const COUNT = 4000;
const BYTES = COUNT * 4000;

class Idle extends Extension("tests", { numbers: z.array(z.number()) }) {
  run(_: unknown, { progress }: RunContext) {
    return typeof progress === "function" ? null : undefined;
  }
}

/** Bytes that became old while `work` was done, for so many tasks one after the other. */
const tenuredBy = async (work: (index: number) => Promise<void> | void): Promise<number> => {
  collect({ type: "major" });
  const before = oldBytes();
  for (let index = 0; index < COUNT; index += 1) {
    await work(index);
    if (index % 1000 === 999) collect({ type: "minor" });
  }
  collect({ type: "minor" });
  return oldBytes() - before;
};

test("what a task was made of goes when it is over, and not with the next full collection", async () => {
  const home = {
    updates: { send: async ({ before }: { before?: Task | undefined }) => ({ ...(before ?? aTask()) }) },
    logger: silentLogger,
    captureConsole: false,
    context: undefined,
    find: () => Idle,
    release: async () => {},
    onEnding: () => {},
    onSettled: () => {},
  };
  const run = async (index: number) => {
    const payload = { numbers: Array.from({ length: 500 }, (_, at) => at + index + 0.5) };
    await new ClaimedTask({ ...aTask(), status: "running", payload }, home).run();
  };
  for (let index = 0; index < 500; index += 1) await run(index);

  expect(await tenuredBy(run)).toBeLessThan(BYTES / 4);
});

test("a table keeps nothing of the tasks that have gone through it", async () => {
  const table = new TaskTable<{ readonly id: string; readonly numbers: readonly number[] }>();
  const held: { readonly id: string; readonly numbers: readonly number[] }[] = [];
  const pass = (index: number) => {
    const task = { id: `task-${index}`, numbers: Array.from({ length: 500 }, (_, at) => at + 0.5) };
    table.add(task);
    held.push(task);
    const over = held.length > 100 ? held.shift() : undefined;
    if (over !== undefined) table.delete(over);
  };

  expect(await tenuredBy(pass)).toBeLessThan(BYTES / 4);
});
