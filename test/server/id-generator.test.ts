import { validate, version } from "uuid";
import { expect, test } from "vitest";
import { createIdGenerator } from "../../server/id-generator.ts";

test("generated ids are ascending UUIDv7s, also within a millisecond and after the clock was set back", () => {
  const times = [1000, 1000, 1001, 900, 900, 1002];
  let reads = 0;
  const newId = createIdGenerator(() => times[reads++ % times.length] ?? 0);

  const ids = Array.from({ length: 3000 }, () => newId());

  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(3000);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
});
