import { expect, test } from "vitest";
import { FairQueue } from "../../../server/schemas/fair-queue.ts";

const createQueue = (limits: { perOwner?: number; total?: number; running?: number } = {}) => {
  const queue = new FairQueue<string>({ perOwner: 10, total: 100, running: 100, ...limits });
  const dropped: string[] = [];
  const add = (...items: string[]) =>
    items.map((item) => queue.add({ owner: item.charAt(0), item, drop: () => dropped.push(item) }));
  const dequeueAll = () => {
    const items: string[] = [];
    for (let entry = queue.dequeue(); entry !== undefined; entry = queue.dequeue()) items.push(entry.item);
    return items;
  };
  return { queue, add, dequeueAll, dropped };
};

test("a fair queue lets owners take turns", () => {
  const { add, dequeueAll } = createQueue();
  add("a1", "a2", "a3", "b1", "c1", "b2");

  expect(dequeueAll()).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
});

test("a fair queue never runs more entries of an owner than allowed", () => {
  const { queue, add, dequeueAll } = createQueue({ running: 1 });
  add("a1", "a2", "b1");
  const first = queue.dequeue();

  expect([first?.item, ...dequeueAll()]).toEqual(["a1", "b1"]);
  if (first !== undefined) queue.finish(first);
  expect(dequeueAll()).toEqual(["a2"]);
});

test("a fair queue rejects an entry if its owner has too many waiting entries, and accepts entries of other owners", () => {
  const { add } = createQueue({ perOwner: 2 });

  expect(add("a1", "a2", "a3", "b1")).toEqual([true, true, false, true]);
});

test("a full fair queue drops the newest entry of the owner with the most entries", () => {
  const { add, dequeueAll, dropped } = createQueue({ total: 3 });
  add("a1", "a2", "a3");

  expect(add("b1")).toEqual([true]);
  expect(dropped).toEqual(["a3"]);
  expect(add("b2", "a4")).toEqual([false, false]);
  expect(dequeueAll()).toEqual(["a1", "b1", "a2"]);
});

test("`clear` returns all waiting entries of a fair queue and empties the queue", () => {
  const { queue, add, dequeueAll } = createQueue();
  add("a1", "b1");

  expect(queue.clear().map(({ item }) => item)).toEqual(["a1", "b1"]);
  expect(dequeueAll()).toEqual([]);
});
