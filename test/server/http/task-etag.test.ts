import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startTimer } from "../../support/timer.ts";
import { type Api, openApi } from "./api.ts";
import { LONG_WAIT_SECONDS, LONG_WAIT_SETTINGS, NEVER_MS, openLongPoll, waits } from "./long-polls.ts";
import { ok } from "./responses.ts";

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
const getTag = async (id: string) => String((await read(id)).headers["etag"]);
const LONG_WAIT = `wait=${LONG_WAIT_SECONDS}`;

describe("ETag of a task", () => {
  test("the ETag of a task is weak and changes with every update, but not with the queue position", async () => {
    const { id, room, job, worker } = await api.createTask();
    const first = await getTag(id);
    expect(first).toMatch(/^W\/"[^"]+"$/);
    await api.submit(room, job.full_name, { priority: 9 });
    expect((await read(id)).body.queue_position).toBe(2);
    expect(await getTag(id)).toBe(first);
    const tags = [first];
    const step = async (body: object) => {
      ok(await api.as("wes").patch(`/tasks/${id}`, { body }));
      tags.push(await getTag(id));
    };

    await api.claim(worker);
    await api.claim(worker);
    tags.push(await getTag(id));
    await step({ status: "running" });
    await step({ progress: { fraction: 0.5 } });
    await step({ status: "completed", result: 1 });

    expect(new Set(tags).size).toBe(5);
  });

  test.each([
    ["the ETag", (tag: string) => tag],
    ["the ETag as a strong tag", (tag: string) => tag.replace("W/", "")],
    ["the ETag among other tags", (tag: string) => `"x", ${tag} , W/"y"`],
    ["a wildcard", () => "*"],
  ])("a request for a task returns 304 without a body if If-None-Match contains %s", async (_, header) => {
    const { id } = await api.createTask();
    const tag = await getTag(id);

    const response = await read(id, { "if-none-match": header(tag) });

    expect(response).toMatchObject({ status: 304, text: "", headers: { etag: tag } });
    expect(waits).not.toHaveBeenCalled();
  });

  test.each([
    'W/"other"',
    "nonsense",
    '""',
  ])("a request for a task returns the task if If-None-Match is %s", async (header) => {
    const { id } = await api.createTask();

    expect(ok(await read(id, { "if-none-match": header })).id).toBe(id);
  });

  test("a long poll with the ETag of a task returns the task when it changes", async () => {
    const { id, worker } = await api.createTask();
    const tag = await getTag(id);
    const poll = await openLongPoll(() => read(id, { "if-none-match": tag, prefer: LONG_WAIT }));

    await api.claim(worker);

    const response = await poll.response;
    expect(ok(response).status).toBe("claimed");
    expect(response.headers["etag"]).not.toBe(tag);
  });

  test("a long poll with the ETag of a task returns 304 at the end of the wait if the task did not change", async () => {
    const { id } = await api.createTask();

    const tag = await getTag(id);
    const second = startTimer(1);

    const response = await read(id, { "if-none-match": tag, prefer: "wait=1" });

    expect(response).toMatchObject({ status: 304, text: "" });
    expect(second.isOver).toBe(true);
  });

  test("a long poll with the ETag of a terminal task returns 304 immediately", async () => {
    const { id } = await api.createTask("cancelled");

    const response = await read(id, { "if-none-match": await getTag(id), prefer: LONG_WAIT });

    expect(response.status).toBe(304);
    expect(waits).not.toHaveBeenCalled();
  });
});
