import fc from "fast-check";
import { expect, test } from "vitest";
import { isUuid } from "../../../server/storage/ids.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

test("isUuid accepts UUIDs in PostgreSQL's format in upper and lower case", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.nat({ max: 36 }), fc.string({ maxLength: 2 }), (id, at, other) => {
      const changed = id.slice(0, at) + other + id.slice(at + other.length);
      for (const text of [id, id.toUpperCase(), changed, id + other])
        expect(isUuid(text)).toBe(UUID.test(text));
    }),
  );
  for (const text of [
    "",
    "-".repeat(36),
    "0".repeat(36),
    `{${crypto.randomUUID().slice(2)}}`,
    "é".repeat(36),
  ]) {
    expect(isUuid(text)).toBe(false);
  }
});
