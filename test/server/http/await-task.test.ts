import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startTimer } from "../../support/timer.ts";
import { type Api, openApi } from "./api.ts";
import { LONG_WAIT_SECONDS, LONG_WAIT_SETTINGS, NEVER_MS, openLongPoll, waits } from "./long-polls.ts";
import { expectProblem, ok, preferWait } from "./responses.ts";

// Turns polling off, so that only an event can end a long poll early.
vi.mock("../../../server/state/long-poll.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  getPollInterval: () => NEVER_MS,
}));

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: LONG_WAIT_SETTINGS });
});
beforeEach(() => {
  waits.mockClear();
});
afterAll(() => api.close());

const read = (id: string, headers: Record<string, string> = {}) =>
  api.as("ann").get(`/tasks/${id}`, { headers });
const LONG_WAIT = preferWait(LONG_WAIT_SECONDS).headers;
const cancel = (id: string) => api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } });

describe("long poll for a task", () => {
  test("a long poll for a task returns when the task ends", async () => {
    const { id } = await api.createTask("running");
    const { response } = await openLongPoll(() => read(id, LONG_WAIT));

    ok(await cancel(id));

    expect(ok(await response).status).toBe("cancelled");
    expect((await response).headers["preference-applied"]).toBe(LONG_WAIT.prefer);
  });

  test("a long poll for a task ignores intermediate updates and returns the current task at the end of the wait", async () => {
    const { id, worker } = await api.createTask();
    const second = startTimer(1);
    const response = read(id, preferWait(1).headers);

    await api.claim(worker, { start: true });

    expect(ok(await response).status).toBe("running");
    expect((await response).headers["preference-applied"]).toBe("wait=1");
    expect(second.isOver).toBe(true);
  });

  test("a long poll for a task waits at most long_poll_max_wait_seconds and returns the actual wait in Preference-Applied", async () => {
    const limited = await openApi({ orm: api.orm, settings: { long_poll_max_wait_seconds: 2 } });
    const { id } = await api.createTask();
    const timer = startTimer(2);

    const response = await limited.as("ann").get(`/tasks/${id}`, preferWait(500));

    expect(response.headers["preference-applied"]).toBe("wait=2");
    expect(timer.isOver).toBe(true);
    await limited.close();
  });

  test("a long poll for a task does not wait if the task is terminal", async () => {
    const { id } = await api.createTask("completed");

    expect(ok(await read(id, LONG_WAIT)).status).toBe("completed");
    expect(waits).not.toHaveBeenCalled();
  });

  test.each([
    "wait=x",
    "wait",
    "wait=-1",
    "wait=1.5",
    "respond-async",
    "wait=",
    "; ,=",
    "",
  ])("a long poll for a task does not wait with the preference %j", async (prefer) => {
    const { id } = await api.createTask();

    const response = await read(id, { prefer });

    expect(ok(response).status).toBe("pending");
    expect(response.headers["preference-applied"]).toBeUndefined();
    expect(waits).not.toHaveBeenCalled();
  });

  test("each of several concurrent long polls for one task gets a response", async () => {
    const { id } = await api.createTask("running");
    const responses = Array.from({ length: 20 }, () => read(id, LONG_WAIT));

    ok(await cancel(id));

    for (const response of await Promise.all(responses)) expect(ok(response).status).toBe("cancelled");
  });
});

test("a server rejects long polls beyond long_poll_max_open with 503 and Retry-After", async () => {
  const small = await openApi({ orm: api.orm, settings: { long_poll_max_open: 1 } });
  const { id } = await api.createTask();
  const { response } = await openLongPoll(() => small.as("ann").get(`/tasks/${id}`, preferWait(60)));

  const rejected = await small.as("ann").get(`/tasks/${id}`, preferWait(1));

  expectProblem(rejected, "service-unavailable");
  expect(Number(rejected.headers["retry-after"])).toBeGreaterThan(0);
  ok(await small.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
  expect(ok(await response).status).toBe("cancelled");
  await small.close();
});
