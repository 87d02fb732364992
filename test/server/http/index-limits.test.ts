import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { openApi } from "./api.ts";
import { ok } from "./responses.ts";

const createRandomText = (length: number, first: number, count: number): string =>
  Array.from({ length }, () => String.fromCodePoint(first + (randomBytes(2).readUInt16BE() % count))).join(
    "",
  );

/**
 * PostgreSQL cannot compress random text. If a random text fits into an index, every text of the
 * same length also fits.
 */
const createAscii = (length: number) => createRandomText(length, 0x61, 26);
const createThreeByteText = (length: number) => createRandomText(length, 0x4e00, 0x5000);
const createFourByteText = (length: number) => createRandomText(length, 0x20000, 0xa000);

const USERS: Readonly<Record<string, string>> = {
  longest: createAscii(1000),
  "longest of three bytes": createThreeByteText(333),
  "too long": createAscii(1001),
  "too long in bytes": createThreeByteText(334),
};

const open = () =>
  openApi({
    allowAllRooms: true,
    auth: {
      getCurrentUserId: ({ headers }) => USERS[String(headers["x-user"])],
      getIsAdmin: () => true,
    },
  });

test("the maximum lengths of names, idempotency keys and user ids fit into every index of the database", async () => {
  const api = await open();
  const room = createFourByteText(128);
  const path = encodeURIComponent(room);
  const [category, name] = [createAscii(128), createAscii(128)];
  const job_name = `private:${category}:${name}`;
  try {
    for (const user of ["longest", "longest of three bytes"]) {
      const as = api.as(user);
      const registration = { category, name, schema: {}, description: createFourByteText(5000) };
      expect((await as.put(`/rooms/${path}/jobs`, { body: registration })).status).toBeOneOf([200, 201]);
      ok(await as.post("/workers", { body: { name: createFourByteText(127) } }), 201);
      for (const idempotency_key of [createThreeByteText(255), createFourByteText(127)]) {
        const body = { submissions: [{ job_name, idempotency_key }] };
        const { results } = ok(await as.post(`/rooms/${path}/submissions`, { body }));
        expect(results).toEqual([{ task: expect.objectContaining({ room_id: room }) }]);
      }
    }
  } finally {
    await api.close();
  }
});

test("a user whose id is too long for an index is unauthorized", async () => {
  const api = await open();
  try {
    for (const user of ["too long", "too long in bytes"]) {
      expect((await api.as(user).post("/workers", { body: {} })).status).toBe(401);
    }
  } finally {
    await api.close();
  }
});
