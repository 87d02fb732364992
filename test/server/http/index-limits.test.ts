import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { openApi } from "./api.ts";
import { ok } from "./responses.ts";

const randomly = (length: number, first: number, count: number): string =>
  Array.from({ length }, () => String.fromCodePoint(first + (randomBytes(2).readUInt16BE() % count))).join(
    "",
  );

/** Random, so that PostgreSQL cannot compress them: what fits now fits always. */
const ASCII = (length: number) => randomly(length, 0x61, 26);
const THREE_BYTES = (length: number) => randomly(length, 0x4e00, 0x5000);
const FOUR_BYTES = (length: number) => randomly(length, 0x20000, 0xa000);

const USERS: Readonly<Record<string, string>> = {
  longest: ASCII(1000),
  "longest of three bytes": THREE_BYTES(333),
  "too long": ASCII(1001),
  "too long in bytes": THREE_BYTES(334),
};

const openAs = () =>
  openApi({
    allowAllRooms: true,
    auth: {
      getCurrentUserId: ({ headers }) => USERS[String(headers["x-user"])],
      getIsAdmin: () => true,
    },
  });

test("the longest names, keys and user ids fit into every index", async () => {
  const api = await openAs();
  const room = FOUR_BYTES(128);
  const path = encodeURIComponent(room);
  const [category, name] = [ASCII(128), ASCII(128)];
  const job_name = `private:${category}:${name}`;
  try {
    for (const user of ["longest", "longest of three bytes"]) {
      const as = api.as(user);
      const registration = { category, name, schema: {}, description: FOUR_BYTES(5000) };
      expect((await as.put(`/rooms/${path}/jobs`, { body: registration })).status).toBeOneOf([200, 201]);
      ok(await as.post("/workers", { body: { name: FOUR_BYTES(127) } }), 201);
      for (const idempotency_key of [THREE_BYTES(255), FOUR_BYTES(127)]) {
        const body = { submits: [{ job_name, idempotency_key }] };
        const { results } = ok(await as.post(`/rooms/${path}/submits`, { body }));
        expect(results).toEqual([{ task: expect.objectContaining({ room_id: room }) }]);
      }
    }
  } finally {
    await api.close();
  }
});

test("a user whose id fits into no index is nobody", async () => {
  const api = await openAs();
  try {
    for (const user of ["too long", "too long in bytes"]) {
      expect((await api.as(user).post("/workers", { body: {} })).status).toBe(401);
    }
  } finally {
    await api.close();
  }
});
