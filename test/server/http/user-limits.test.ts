import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_per_user: 2, max_requests_per_user: 4 } });
});
afterAll(() => api.close());

const preferWait = { prefer: "wait=20" };

test("a user with too many long polls is rate limited, and open long polls keep waiting", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name);
  const read = (user: string) => api.as(user).get(`/tasks/${id}`, { headers: preferWait });
  const waiting = [read("ann"), read("ann"), read("wes")];
  // All of them wait once another one is rejected.
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

test("a user with too many concurrent requests is rate limited until they end", async () => {
  const room = newRoomId();
  const path = `/rooms/${room}/tasks`;

  const responses = await Promise.all(Array.from({ length: 40 }, () => api.as("ann").get(path)));
  const rejected = responses.filter(({ status }) => status === 429);

  expect(rejected.length).toBeGreaterThan(0);
  for (const response of rejected) expectProblem(response, "rate-limited");
  expect(responses.some(({ status }) => status === 200)).toBe(true);
  ok(await api.as("ann").get(path));
  ok(await api.as("wes").get(path));
});
