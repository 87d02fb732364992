import { expect, test } from "vitest";
import { LruMap } from "../../server/lru-map.ts";

const holding = (...keys: string[]) => {
  const map = new LruMap<string>({ entries: 3, weight: 30 });
  for (const key of keys) map.set(key, key.toUpperCase(), 1);
  const kept = () => ["a", "b", "c", "d", "e"].filter((key) => map.get(key) !== undefined);
  return { map, kept };
};

test("forgets what was longest not asked for", () => {
  const { map, kept } = holding("a", "b", "c");

  for (const key of ["c", "a", "a", "c", "a"]) expect(map.get(key)).toBe(key.toUpperCase());
  map.set("d", "D", 1);

  expect(kept()).toEqual(["a", "c", "d"]);
});

test("what was asked for last and then deleted is no bar to others", () => {
  const { map, kept } = holding("a", "b", "c");

  map.get("a");
  map.delete("a");
  map.get("b");
  map.set("d", "D", 1);
  map.set("a", "A", 1);

  expect(kept()).toEqual(["a", "b", "d"]);
});

test("forgets as many as their weight demands, and keeps the newest whatever it weighs", () => {
  const { map, kept } = holding("a", "b");

  map.set("c", "C", 40);
  expect(kept()).toEqual(["c"]);
  map.set("d", "D", 2);

  expect(kept()).toEqual(["d"]);
  expect(map.size).toBe(1);
});
