import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { FieldError } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, parseBody } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const SCHEMA = {
  type: "object",
  properties: { angle: { type: "number", maximum: 360 }, axis: { enum: ["x", "y"] } },
  required: ["angle"],
};

const errorsOf = async (room: string, name: string, payload: object, at = api) => {
  const answer = await at.as("rea").post(`/rooms/${room}/jobs/${name}/validation`, { body: { payload } });
  return parseBody(z.object({ errors: z.array(FieldError) }), answer).errors;
};

test("a payload that fits has no errors; of one that does not they are those of a submit", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room, { schema: SCHEMA });
  const wrong = { angle: 400, axis: "z" };

  expect(await errorsOf(room, job.full_name, { angle: 90 })).toEqual([]);
  const errors = await errorsOf(room, job.full_name, wrong);
  const refused = await api
    .as("ann")
    .post(`/rooms/${room}/tasks/${job.full_name}`, { body: { payload: wrong } });

  expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(["/payload/angle", "/payload/axis"]);
  expect(errors).toEqual(expectProblem(refused, "validation-error").errors);
  expect((await errorsOf(room, job.full_name, {})).map(({ pointer }) => pointer)).toEqual(["/payload/angle"]);
});

test("a server that checks no payload finds nothing, as its submit does", async () => {
  const lenient = await openApi({ orm: api.orm, settings: { validate_payloads: false } });
  const room = newRoomId();
  const job = await lenient.registerJob(room, { schema: SCHEMA });

  expect(await errorsOf(room, job.full_name, { angle: "wide" }, lenient)).toEqual([]);
  await lenient.close();
});

test("a payload is needed, and a job", async () => {
  const { room, job } = await api.createTask();
  const send = (name: string, body: object) =>
    api.as("rea").post(`/rooms/${room}/jobs/${name}/validation`, { body });

  expect(getErrorPointers(await send(job.full_name, {}))).toEqual(["/payload"]);
  expect(getErrorPointers(await send(job.full_name, { payload: [] }))).toEqual(["/payload"]);
  expectProblem(await send("public:a:b", { payload: {} }), "job-not-found");
  expectProblem(await send("Rotate", { payload: {} }), "invalid-job-name");
});
