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

const validate = async (room: string, name: string, payload: object, at = api) => {
  const response = await at.as("rea").post(`/rooms/${room}/jobs/${name}/validation`, { body: { payload } });
  return parseBody(z.object({ errors: z.array(FieldError) }), response).errors;
};

test("the validation of a payload returns the errors that a submission would return", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room, { schema: SCHEMA });
  const wrong = { angle: 400, axis: "z" };

  expect(await validate(room, job.full_name, { angle: 90 })).toEqual([]);
  const errors = await validate(room, job.full_name, wrong);
  const refused = await api
    .as("ann")
    .post(`/rooms/${room}/tasks/${job.full_name}`, { body: { payload: wrong } });

  expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(["/payload/angle", "/payload/axis"]);
  expect(errors).toEqual(expectProblem(refused, "validation-error").errors);
  expect((await validate(room, job.full_name, {})).map(({ pointer }) => pointer)).toEqual(["/payload/angle"]);
});

test("the validation of a payload returns no errors if validate_payloads is false", async () => {
  const lenient = await openApi({ orm: api.orm, settings: { validate_payloads: false } });
  const room = newRoomId();
  const job = await lenient.registerJob(room, { schema: SCHEMA });

  expect(await validate(room, job.full_name, { angle: "wide" }, lenient)).toEqual([]);
  await lenient.close();
});

test("the validation of a payload requires a payload and a job", async () => {
  const { room, job } = await api.createTask();
  const send = (name: string, body: object) =>
    api.as("rea").post(`/rooms/${room}/jobs/${name}/validation`, { body });

  expect(getErrorPointers(await send(job.full_name, {}))).toEqual(["/payload"]);
  expect(getErrorPointers(await send(job.full_name, { payload: [] }))).toEqual(["/payload"]);
  expectProblem(await send("public:a:b", { payload: {} }), "job-not-found");
  expectProblem(await send("Rotate", { payload: {} }), "invalid-job-name");
});
