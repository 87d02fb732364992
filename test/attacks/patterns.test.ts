import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "../server/http/api.ts";
import { newRoomId } from "../server/http/fixtures.ts";
import { ok } from "../server/http/responses.ts";
import { getCpuTime } from "../support/cpu-time.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const BOMBS: readonly (readonly [pattern: string, text: string])[] = [
  ["(?=(a+)+b)", "a".repeat(100_000)],
  ["^(.+)\\1+$", `${"ab".repeat(50_000)}c`],
  ["(?=.*(?=.*(?=.*x)))y", "a".repeat(100_000)],
];
const ATTACKERS = ["mal", "max", "mia"];
const SUBMITS = 2;
// Maximum CPU time in milliseconds between two ticks of a timer. A slow pattern on the event loop
// would delay the next tick by seconds. On an idle machine, the longest time is about 70 ms.
const MAX_PAUSE_MS = 500;

/**
 * Registers a job in a new room of a user, and returns a function that submits a task of the job.
 */
const register = async (user: string, properties: object) => {
  const room = newRoomId();
  api.grant(user, room, "read", "write");
  ok(
    await api
      .as(user)
      .put(`/rooms/${room}/jobs`, { body: { category: "m", name: "J", schema: { properties } } }),
    201,
  );
  return (payload: object) => api.as(user).post(`/rooms/${room}/tasks/private:m:J`, { body: { payload } });
};

test("expensive patterns of several users block neither the server nor other users", async () => {
  const jobs = await Promise.all(
    ATTACKERS.flatMap((user) =>
      BOMBS.map(async ([pattern, text]) => ({ submit: await register(user, { a: { pattern } }), text })),
    ),
  );
  // The schema has so many patterns that its payloads are validated in a thread, like expensive
  // payloads.
  const large = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, { pattern: "^(?!x)" }]));
  const submitLarge = await register("ann", large);
  const submitSmall = await register("ann", { a: { pattern: "^(?!x)[a-z]+$" } });
  ok(await submitLarge({ p1: "a" }), 202);

  let ended = 0;
  let last = getCpuTime();
  let longestPause = 0;
  const timer = setInterval(() => {
    longestPause = Math.max(longestPause, getCpuTime() - last);
    last = getCpuTime();
  }, 5);
  const attacks = jobs.flatMap(({ submit, text }) =>
    Array.from({ length: SUBMITS }, async () => {
      const response = await submit({ a: text });
      ended += 1;
      return response;
    }),
  );
  await sleep(50);
  for (let round = 0; round < 3; round += 1) {
    ok(await submitSmall({ a: "abc" }), 202);
    ok(await submitLarge({ p1: "a" }), 202);
  }
  const endedBefore = ended;
  const responses = await Promise.all(attacks);
  clearInterval(timer);

  expect(endedBefore).toBeLessThan(attacks.length);
  expect(longestPause).toBeLessThan(MAX_PAUSE_MS);
  // The validation fails either because the text does not match, or because the pattern needs more
  // steps than the server allows.
  for (const { status, body } of responses) {
    expect(status).toBe(422);
    expect(body.errors[0]?.detail).toMatch(/^takes too long to validate|^must match the pattern/);
  }
}, 120_000);
