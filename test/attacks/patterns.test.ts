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
// Generous: what it must be told from is seconds. Alone, the longest is some 70 ms.
const LONGEST_PAUSE_MS = 500;

/** Registers a job of a user's, in a room of the user's. */
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

test("pattern bombs of several users neither stop the server nor hold up another user", async () => {
  const jobs = await Promise.all(
    ATTACKERS.flatMap((user) =>
      BOMBS.map(async ([pattern, text]) => ({ submit: await register(user, { a: { pattern } }), text })),
    ),
  );
  // So large that its payloads are checked in a thread, next to the bombs.
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
      const answer = await submit({ a: text });
      ended += 1;
      return answer;
    }),
  );
  await sleep(50);
  for (let turn = 0; turn < 3; turn += 1) {
    ok(await submitSmall({ a: "abc" }), 202);
    ok(await submitLarge({ p1: "a" }), 202);
  }
  const endedBefore = ended;
  const answers = await Promise.all(attacks);
  clearInterval(timer);

  expect(endedBefore).toBeLessThan(attacks.length);
  expect(longestPause).toBeLessThan(LONGEST_PAUSE_MS);
  // The linear ones end in time: these payloads do not match. The others are refused when their steps are used up.
  for (const { status, body } of answers) {
    expect(status).toBe(422);
    expect(body.errors[0]?.detail).toMatch(/^takes too long to check|^must match the pattern/);
  }
}, 120_000);
