import { expect, test } from "vitest";
import { LruMap } from "../../server/lru-map.ts";

const createMap = (...keys: string[]) => {
  const map = new LruMap<string>({ entries: 3, weight: 30 });
  for (const key of keys) map.set(key, key.toUpperCase(), 1);
  const getKeys = () => ["a", "b", "c", "d", "e"].filter((key) => map.get(key) !== undefined);
  return { map, getKeys };
};

test("the map evicts the least recently used entry", () => {
  const { map, getKeys } = createMap("a", "b", "c");

  for (const key of ["c", "a", "a", "c", "a"]) expect(map.get(key)).toBe(key.toUpperCase());
  map.set("d", "D", 1);

  expect(getKeys()).toEqual(["a", "c", "d"]);
});

test("the map evicts correctly after the most recently used entry was deleted", () => {
  const { map, getKeys } = createMap("a", "b", "c");

  map.get("a");
  map.delete("a");
  map.get("b");
  map.set("d", "D", 1);
  map.set("a", "A", 1);

  expect(getKeys()).toEqual(["a", "b", "d"]);
});

test("the map evicts entries until the weight fits, but keeps the newest", () => {
  const { map, getKeys } = createMap("a", "b");

  map.set("c", "C", 40);
  expect(getKeys()).toEqual(["c"]);
  map.set("d", "D", 2);

  expect(getKeys()).toEqual(["d"]);
  expect(map.size).toBe(1);
});
