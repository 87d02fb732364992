import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const createSchema = (maximum: string) =>
  `{"type":"object","properties":{"n":{"type":"integer","minimum":-9223372036854775808,"maximum":${maximum}}}}`;
const MAX_LONG = "9223372036854775807";

const register = (room: string, schema: string, more = "") =>
  api.as("wes").put(`/rooms/${room}/jobs`, { raw: `{"category":"m","name":"J","schema":${schema}${more}}` });
const read = (room: string) => api.as("ann").get(`/rooms/${room}/jobs/private:m:J`);
const submit = (room: string, payload: string) =>
  api.as("ann").post(`/rooms/${room}/tasks/private:m:J`, { raw: `{"payload":${payload}}` });

describe("schema with numbers that JavaScript cannot represent", () => {
  test("a schema with numbers beyond the precision of JavaScript is returned with its original digits", async () => {
    const room = newRoomId();
    const result = `{"enum":[${MAX_LONG},1e400,-1e400,1.5],"maximum":18446744073709551615}`;

    const registered = await register(room, createSchema(MAX_LONG), `,"result_schema":${result}`);

    ok(registered, 201);
    for (const { text } of [registered, await read(room), await api.as("ann").get(`/rooms/${room}/jobs`)]) {
      expect(text).toContain(createSchema(MAX_LONG));
      expect(text).toContain('"maximum":18446744073709551615');
    }
  });

  test("a schema with numbers beyond the precision of JavaScript equals the same schema in another notation, and conflicts with a schema that differs in the last digit", async () => {
    const room = newRoomId();
    ok(await register(room, createSchema(MAX_LONG)), 201);

    ok(await register(room, createSchema(MAX_LONG)), 200);
    ok(await register(room, createSchema(`${MAX_LONG}.0`)), 200);
    const other = await register(room, createSchema("9223372036854775806"));

    expectProblem(other, "schema-conflict");
    expect(other.text).toContain(
      '{"op":"replace","path":"/properties/n/maximum","value":9223372036854775806}',
    );
  });

  test("a schema with numbers beyond the precision of JavaScript validates payloads, but a payload with such a number is rejected", async () => {
    const room = newRoomId();
    ok(await register(room, createSchema(MAX_LONG)), 201);

    ok(await submit(room, '{"n":9007199254740991}'), 202);
    expect(getErrorPointers(await submit(room, '{"n":9223372036854776000}'))).toEqual(["/payload/n"]);
    expect(expectProblem(await submit(room, `{"n":${MAX_LONG}}`), "validation-error").errors).toEqual([
      { pointer: "/payload/n", detail: "cannot be stored exactly: send integers beyond ±2^53 as strings" },
    ]);
  });

  test("a schema with numbers beyond the precision of JavaScript can also validate payloads in a worker thread", async () => {
    const room = newRoomId();
    const members = Array.from({ length: 100 }, (_, i) => `"p${i}":{"maximum":${MAX_LONG}}`).join();
    ok(await register(room, `{"properties":{${members}}}`), 201);

    ok(await submit(room, '{"p1":1}'), 202);
    expectProblem(await submit(room, '{"p1":9223372036854776000}'), "validation-error");
  });

  test.each([
    ["with too many digits", "9".repeat(1001)],
    ["with a huge exponent", "1e999999999"],
    ["with a tiny exponent", "1e-5000"],
  ])("a schema with numbers beyond the precision of JavaScript is rejected if it contains a number %s", async (_, number) => {
    const response = await register(newRoomId(), createSchema(number));

    expect(expectProblem(response, "validation-error").errors).toEqual([
      {
        pointer: "/schema/properties/n/maximum",
        detail: "must have at most 1000 digits",
      },
    ]);
  });

  test("a schema with numbers beyond the precision of JavaScript is rejected if all its numbers together have too many digits", async () => {
    const numbers = Array.from({ length: 900 }, () => "1e900").join();

    const response = await register(newRoomId(), `{"enum":[${numbers}]}`);

    expect(expectProblem(response, "validation-error").errors[0]?.detail).toMatch(/larger than 256 KiB/);
  });

  test("a registration rejects numbers beyond the precision of JavaScript outside its schemas", async () => {
    const response = await register(newRoomId(), "{}", `,"defaults":{"priority":${MAX_LONG}}`);

    expect(getErrorPointers(response)).toEqual(["/defaults/priority"]);
  });
});
