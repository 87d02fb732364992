import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok, preferWait, timed } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_wait_seconds: 2 } });
});
afterAll(() => api.close());

const read = (id: string, headers: Record<string, string> = {}) =>
  api.as("ann").get(`/tasks/${id}`, { headers });
const cancel = (id: string) => api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } });

describe("waiting for a task's end", () => {
  test("is over as soon as it has come", async () => {
    const { id } = await api.createTask("running");
    const held = timed(read(id, preferWait(2).headers));

    ok(await cancel(id));

    const { value, ms } = await held;
    expect(ok(value).status).toBe("cancelled");
    expect(value.headers["preference-applied"]).toBe("wait=2");
    expect(ms).toBeLessThan(1900);
  });

  test("goes on through the steps between, and ends at N, not before, with the task as it is", async () => {
    const { id, worker } = await api.createTask();
    const held = timed(read(id, preferWait(1).headers));

    await api.claim(worker, { start: true });

    const { value, ms } = await held;
    expect(ok(value).status).toBe("running");
    expect(value.headers["preference-applied"]).toBe("wait=1");
    expect(ms).toBeGreaterThanOrEqual(995);
  });

  test("is capped by the server's setting, and the answer says by what", async () => {
    const { id } = await api.createTask();

    const { value, ms } = await timed(read(id, preferWait(500).headers));

    expect(value.headers["preference-applied"]).toBe("wait=2");
    expect(ms).toBeGreaterThanOrEqual(1995);
    expect(ms).toBeLessThan(10_000);
  });

  test("does not begin for a task that is terminal", async () => {
    const { id } = await api.createTask("completed");

    const { value, ms } = await timed(read(id, preferWait(2).headers));

    expect(ok(value).status).toBe("completed");
    expect(ms).toBeLessThan(1000);
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
  ])("a preference like %j is ignored", async (prefer) => {
    const { id } = await api.createTask();

    const { value, ms } = await timed(read(id, { prefer }));

    expect(ok(value).status).toBe("pending");
    expect(value.headers["preference-applied"]).toBeUndefined();
    expect(ms).toBeLessThan(1000);
  });

  test("many wait for one task, and each is answered", async () => {
    const { id } = await api.createTask("running");
    const held = Array.from({ length: 20 }, () => read(id, preferWait(2).headers));

    ok(await cancel(id));

    for (const answer of await Promise.all(held)) expect(ok(answer).status).toBe("cancelled");
  });
});

test("beyond so many waiting requests the server is full: 503 with Retry-After", async () => {
  const small = await openApi({ orm: api.orm, settings: { long_poll_max_waiting: 1 } });
  const { id } = await api.createTask();
  const held = small.as("ann").get(`/tasks/${id}`, preferWait(30));

  const refused = await eventually(
    () => small.as("ann").get(`/tasks/${id}`, preferWait(1)),
    ({ status }) => status === 503,
  );

  expectProblem(refused, "service-unavailable");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  ok(await small.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
  expect(ok(await held).status).toBe("cancelled");
  await small.close();
});
