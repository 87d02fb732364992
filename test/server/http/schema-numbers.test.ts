import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const schemaWith = (maximum: string) =>
  `{"type":"object","properties":{"n":{"type":"integer","minimum":-9223372036854775808,"maximum":${maximum}}}}`;
const LONG = "9223372036854775807";

const register = (room: string, schema: string, more = "") =>
  api.as("wes").put(`/rooms/${room}/jobs`, { raw: `{"category":"m","name":"J","schema":${schema}${more}}` });
const read = (room: string) => api.as("ann").get(`/rooms/${room}/jobs/private:m:J`);
const submit = (room: string, payload: string) =>
  api.as("ann").post(`/rooms/${room}/tasks/private:m:J`, { raw: `{"payload":${payload}}` });

describe("a schema with numbers that JavaScript cannot represent", () => {
  test("is answered with the digits it was written with", async () => {
    const room = newRoomId();
    const result = `{"enum":[${LONG},1e400,-1e400,1.5],"maximum":18446744073709551615}`;

    const registered = await register(room, schemaWith(LONG), `,"result_schema":${result}`);

    ok(registered, 201);
    for (const { text } of [registered, await read(room), await api.as("ann").get(`/rooms/${room}/jobs`)]) {
      expect(text).toContain(schemaWith(LONG));
      expect(text).toContain('"maximum":18446744073709551615');
    }
  });

  test("is the same when it is registered again, in whatever spelling, and another with another last digit", async () => {
    const room = newRoomId();
    ok(await register(room, schemaWith(LONG)), 201);

    ok(await register(room, schemaWith(LONG)), 200);
    ok(await register(room, schemaWith(`${LONG}.0`)), 200);
    const other = await register(room, schemaWith("9223372036854775806"));

    expectProblem(other, "schema-conflict");
    expect(other.text).toContain(
      '{"op":"replace","path":"/properties/n/maximum","value":9223372036854775806}',
    );
  });

  test("checks payloads, whose own numbers must be JavaScript's", async () => {
    const room = newRoomId();
    ok(await register(room, schemaWith(LONG)), 201);

    ok(await submit(room, '{"n":9007199254740991}'), 202);
    expect(getErrorPointers(await submit(room, '{"n":9223372036854776000}'))).toEqual(["/payload/n"]);
    expect(expectProblem(await submit(room, `{"n":${LONG}}`), "validation-error").errors).toEqual([
      { pointer: "/payload/n", detail: "cannot be kept exactly: send an integer beyond ±2^53 as a string" },
    ]);
  });

  test("works for a schema that is large enough for a thread", async () => {
    const room = newRoomId();
    const members = Array.from({ length: 100 }, (_, i) => `"p${i}":{"maximum":${LONG}}`).join();
    ok(await register(room, `{"properties":{${members}}}`), 201);

    ok(await submit(room, '{"p1":1}'), 202);
    expectProblem(await submit(room, '{"p1":9223372036854776000}'), "validation-error");
  });

  test.each([
    ["of too many digits", "9".repeat(1001)],
    ["with a huge exponent", "1e999999999"],
    ["with a tiny exponent", "1e-5000"],
  ])("is refused with a number %s", async (_, number) => {
    const answer = await register(newRoomId(), schemaWith(number));

    expect(expectProblem(answer, "validation-error").errors).toEqual([
      {
        pointer: "/schema/properties/n/maximum",
        detail: "has more than 1000 digits: write a smaller number",
      },
    ]);
  });

  test("is refused if its numbers are too large together", async () => {
    const numbers = Array.from({ length: 900 }, () => "1e900").join();

    const answer = await register(newRoomId(), `{"enum":[${numbers}]}`);

    expect(expectProblem(answer, "validation-error").errors[0]?.detail).toMatch(/larger than 256 KiB/);
  });

  test("leaves every other member as strict as before", async () => {
    const answer = await register(newRoomId(), "{}", `,"defaults":{"priority":${LONG}}`);

    expect(getErrorPointers(answer)).toEqual(["/defaults/priority"]);
  });
});
