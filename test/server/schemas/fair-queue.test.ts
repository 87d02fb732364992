import { expect, test } from "vitest";
import { FairQueue } from "../../../server/schemas/fair-queue.ts";

const open = (limits: { perOwner?: number; total?: number; running?: number } = {}) => {
  const queue = new FairQueue<string>({ perOwner: 10, total: 100, running: 100, ...limits });
  const dropped: string[] = [];
  const add = (...jobs: string[]) =>
    jobs.map((job) => queue.add({ owner: job.charAt(0), job, drop: () => dropped.push(job) }));
  const takeAll = () => {
    const taken: string[] = [];
    for (let entry = queue.take(); entry !== undefined; entry = queue.take()) taken.push(entry.job);
    return taken;
  };
  return { queue, add, takeAll, dropped };
};

test("owners take turns", () => {
  const { add, takeAll } = open();
  add("a1", "a2", "a3", "b1", "c1", "b2");

  expect(takeAll()).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
});

test("an owner runs no more than its share at once", () => {
  const { queue, add, takeAll } = open({ running: 1 });
  add("a1", "a2", "b1");
  const first = queue.take();

  expect([first?.job, ...takeAll()]).toEqual(["a1", "b1"]);
  if (first !== undefined) queue.finish(first);
  expect(takeAll()).toEqual(["a2"]);
});

test("an owner with too many is refused, and others are not", () => {
  const { add } = open({ perOwner: 2 });

  expect(add("a1", "a2", "a3", "b1")).toEqual([true, true, false, true]);
});

test("a full queue drops the latest of the owner who has most", () => {
  const { add, takeAll, dropped } = open({ total: 3 });
  add("a1", "a2", "a3");

  expect(add("b1")).toEqual([true]);
  expect(dropped).toEqual(["a3"]);
  expect(add("b2", "a4")).toEqual([false, false]);
  expect(takeAll()).toEqual(["a1", "b1", "a2"]);
});

test("clearing returns everything that waits", () => {
  const { queue, add, takeAll } = open();
  add("a1", "b1");

  expect(queue.clear().map(({ job }) => job)).toEqual(["a1", "b1"]);
  expect(takeAll()).toEqual([]);
});
