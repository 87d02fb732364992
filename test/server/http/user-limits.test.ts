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

test("a user with too many waiting requests is told so, and others wait on", async () => {
  const room = newRoomId();
  const job = await api.registerJob(room);
  const { id } = await api.submit(room, job.full_name);
  const read = (user: string) => api.as(user).get(`/tasks/${id}`, { headers: preferWait });
  const waiting = [read("ann"), read("ann"), read("wes")];
  // They wait as soon as a fourth is refused.
  const refused = await eventually(
    () => api.as("ann").get(`/tasks/${id}`, { headers: { prefer: "wait=1" } }),
    ({ status }) => status === 429,
    { timeoutMs: 15_000 },
  );

  expectProblem(refused, "rate-limited");
  expect(refused.headers["retry-after"]).toBe("1");
  ok(await api.as("ann").get(`/tasks/${id}`));
  ok(await api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
  for (const answer of await Promise.all(waiting)) expect(ok(answer).status).toBe("cancelled");
  ok(await read("ann"));
});

test("a user with too many requests at work is told so, and gets on when they are done", async () => {
  const room = newRoomId();
  const path = `/rooms/${room}/tasks`;

  const own = await Promise.all(Array.from({ length: 40 }, () => api.as("ann").get(path)));
  const refused = own.filter(({ status }) => status === 429);

  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) expectProblem(answer, "rate-limited");
  expect(own.some(({ status }) => status === 200)).toBe(true);
  ok(await api.as("ann").get(path));
  ok(await api.as("wes").get(path));
});
