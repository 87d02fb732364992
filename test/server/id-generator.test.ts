import { validate, version } from "uuid";
import { expect, test } from "vitest";
import { createIdGenerator } from "../../server/id-generator.ts";

test("ids are UUIDv7s that grow, also within a millisecond and when the clock is set back", () => {
  const times = [1000, 1000, 1001, 900, 900, 1002];
  let turn = 0;
  const newId = createIdGenerator(() => times[turn++ % times.length] ?? 0);

  const ids = Array.from({ length: 3000 }, () => newId());

  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(3000);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
});
