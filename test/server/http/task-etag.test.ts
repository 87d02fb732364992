import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { ok, timed } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { long_poll_max_wait_seconds: 2 } });
});
afterAll(() => api.close());

const read = (id: string, headers: Record<string, string> = {}) =>
  api.as("ann").get(`/tasks/${id}`, { headers });
const tagOf = async (id: string) => String((await read(id)).headers["etag"]);
describe("the ETag of a task", () => {
  test("is weak and changes with every step, though not with its place in the queue", async () => {
    const { id, room, job, worker } = await api.createTask();
    const first = await tagOf(id);
    expect(first).toMatch(/^W\/"[^"]+"$/);
    await api.submit(room, job.full_name, { priority: 9 });
    expect((await read(id)).body.queue_position).toBe(2);
    expect(await tagOf(id)).toBe(first);
    const tags = [first];
    const step = async (body: object) => {
      ok(await api.as("wes").patch(`/tasks/${id}`, { body }));
      tags.push(await tagOf(id));
    };

    await api.claim(worker);
    await api.claim(worker);
    tags.push(await tagOf(id));
    await step({ status: "running" });
    await step({ progress: { fraction: 0.5 } });
    await step({ status: "completed", result: 1 });

    expect(new Set(tags).size).toBe(5);
  });

  test.each([
    ["the same", (tag: string) => tag],
    ["the same, as a strong one", (tag: string) => tag.replace("W/", "")],
    ["one of several", (tag: string) => `"x", ${tag} , W/"y"`],
    ["any", () => "*"],
  ])("named by If-None-Match (%s) is 304 at once, without a body", async (_, header) => {
    const { id } = await api.createTask();
    const tag = await tagOf(id);

    const { value: answer, ms } = await timed(read(id, { "if-none-match": header(tag) }));

    expect(answer).toMatchObject({ status: 304, text: "", headers: { etag: tag } });
    expect(ms).toBeLessThan(1000);
  });

  test.each(['W/"other"', "nonsense", '""'])("when it is another than %s, the task comes", async (header) => {
    const { id } = await api.createTask();

    expect(ok(await read(id, { "if-none-match": header })).id).toBe(id);
  });

  test("together with Prefer: wait is waited with until the task differs", async () => {
    const { id, worker } = await api.createTask();
    const headers = { "if-none-match": await tagOf(id), prefer: "wait=2" };

    const [{ value: answer, ms }] = await Promise.all([timed(read(id, headers)), api.claim(worker)]);

    expect(ok(answer).status).toBe("claimed");
    expect(answer.headers["etag"]).not.toBe(headers["if-none-match"]);
    expect(ms).toBeLessThan(1900);
  });

  test("together with Prefer: wait is 304 after N seconds in which nothing changed", async () => {
    const { id } = await api.createTask();

    const { value, ms } = await timed(read(id, { "if-none-match": await tagOf(id), prefer: "wait=1" }));

    expect(value).toMatchObject({ status: 304, text: "" });
    expect(ms).toBeGreaterThanOrEqual(995);
  });

  test("of a terminal task is never waited with", async () => {
    const { id } = await api.createTask("cancelled");

    const { value, ms } = await timed(read(id, { "if-none-match": await tagOf(id), prefer: "wait=2" }));

    expect(value.status).toBe(304);
    expect(ms).toBeLessThan(1000);
  });
});
