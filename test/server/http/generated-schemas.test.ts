import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { FieldError, JsonObject } from "../../../protocol/index.ts";
import { parseExactJson } from "../../../protocol/schema/exact-json.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { ok, parseBody } from "./responses.ts";

/**
 * Schemas with valid and invalid payloads. pydantic, msgspec, zod, TypeBox, valibot and arktype generated the schemas with
 * their names. A schema with "style" in its name follows the documentation of a tool for another language.
 */
const Case = z.object({
  name: z.string(),
  schema: JsonObject,
  valid: z.array(JsonObject),
  invalid: z.array(JsonObject).default([]),
});
const Errors = z.object({ errors: z.array(FieldError) });
const file = new URL("../schemas/generated.snapshot.json", import.meta.url);
const cases = z.array(Case).parse(parseExactJson(readFileSync(file, "utf8")));

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

describe.each(cases)("a schema of $name", ({ schema, valid, invalid }) => {
  const room = newRoomId();
  const validate = async (payload: JsonObject) => {
    const path = `/rooms/${room}/jobs/private:m:J/validation`;
    return parseBody(Errors, await api.as("ann").post(path, { body: { payload } })).errors;
  };

  test("is registered and returned unchanged", async () => {
    const registered = await api.as("wes").put(`/rooms/${room}/jobs`, {
      body: { category: "m", name: "J", schema },
    });

    expect(registered.body).not.toHaveProperty("errors");
    ok(registered, 201);
    expect(registered.text).toContain(JSON.stringify(schema));
  });

  test("accepts valid payloads and rejects invalid payloads", async () => {
    for (const payload of valid) expect(await validate(payload)).toEqual([]);
    for (const payload of invalid) expect(await validate(payload)).not.toEqual([]);
  });
});
