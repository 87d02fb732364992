import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_per_user: 2 } });
});
afterAll(() => api.close());

const LONG_POLL = { prefer: "wait=20" };

test("a user with too many long polls is rate limited, and open long polls keep waiting", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name);
  const read = (user: string) => api.as(user).get(`/tasks/${id}`, { headers: LONG_POLL });
  const waiting = [read("ann"), read("ann"), read("wes")];
  // Once a further request of `ann` is rejected, the first two requests of `ann` must be waiting.
  const rejected = await eventually(
    () => api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=1" } }),
    ({ status }) => status === 429,
    { timeoutMs: 15_000 },
  );

  expectProblem(rejected, "rate-limited");
  expect(rejected.headers["retry-after"]).toBe("1");
  ok(await api.as("ann").get(`/tasks/${id}`));
  ok(await api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
  for (const response of await Promise.all(waiting)) expect(ok(response).status).toBe("cancelled");
  ok(await read("ann"));
});

test("a user with too many concurrent requests is rate limited until the requests end", async () => {
  const { id } = await api.createTask();
  // The server waits for this promise before it returns a task.
  const authorization = Promise.withResolvers<boolean>();
  const server = await openApi({
    orm: api.orm,
    settings: { max_requests_per_user: 4 },
    auth: { authorizeRoom: () => authorization.promise },
  });
  const read = (user: string) => server.as(user).get(`/tasks/${id}`);
  const open = Array.from({ length: 4 }, () => read("rea"));

  expectProblem(await read("rea"), "rate-limited");

  const other = read("root");
  authorization.resolve(true);
  for (const response of await Promise.all([...open, other])) ok(response);
  ok(await read("rea"));
  await server.close();
});
