import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newJobName, newRoomId } from "./fixtures.ts";
import { FRAME_SCHEMA, openProvider, ProviderCalls, readProblem } from "./providers.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
let calls: ProviderCalls;
beforeAll(async () => {
  api = await openApi();
  calls = await ProviderCalls.listen(api);
});
afterAll(() => api.close());

describe("provider registration", () => {
  test("a registered provider is visible with its schema and its online worker", async () => {
    const { room, name, worker, id } = await openProvider(api, newRoomId(), {
      content_type: "image/png",
      description: "frames",
    });

    const info = ok(await api.as("ann").get(`/rooms/${room}/providers/${name}/info`));
    const list = ok(await api.as("ann").get(`/rooms/${room}/providers`));

    expect(info).toMatchObject({
      id,
      room_id: room,
      full_name: name,
      schema: FRAME_SCHEMA,
      content_type: "image/png",
      description: "frames",
      workers: [worker],
    });
    expect(list.items).toEqual([info]);
  });

  test("registering a provider again with the same schema returns 200 and the same id", async () => {
    const provider = await openProvider(api, newRoomId());

    const again = await api
      .as("wes")
      .put(`/rooms/${provider.room}/providers`, { body: provider.registration });

    expect(ok(again)).toMatchObject({ id: provider.id });
  });

  test.each([
    { what: "schema", change: { schema: { type: "object", properties: { page: {} } } } },
    { what: "content type", change: { content_type: "text/plain" } },
  ])("registering a provider with another $what is rejected while a worker serves it, and replaces the provider afterwards", async ({
    change,
  }) => {
    const { room, worker, id, registration } = await openProvider(api, newRoomId());
    const other = await api.createWorker();
    const register = () =>
      api
        .as("wes")
        .put(`/rooms/${room}/providers`, { body: { ...registration, ...change, worker_id: other.id } });

    expectProblem(await register(), "schema-conflict");
    expect((await api.as("wes").delete(`/workers/${worker}`)).status).toBe(204);

    const replaced = ok(await register(), 201);
    expect(replaced.id).not.toBe(id);
  });

  test.each([
    { what: "a malformed category", change: { category: "a b" }, pointer: "/category" },
    { what: "a malformed name", change: { name: "" }, pointer: "/name" },
    {
      what: "a content type with a line break",
      change: { content_type: "a/b\r\nx: y" },
      pointer: "/content_type",
    },
    { what: "no worker", change: { worker_id: undefined }, pointer: "/worker_id" },
    { what: "an invalid schema", change: { schema: { type: "nonsense" } }, pointer: "/schema/type" },
  ])("registering a provider with $what is rejected", async ({ change, pointer }) => {
    const worker = await api.createWorker();
    const body = { category: "data", name: newJobName(), schema: {}, worker_id: worker.id, ...change };

    const response = await api.as("wes").put(`/rooms/${newRoomId()}/providers`, { body });

    expect(getErrorPointers(response)).toEqual([pointer]);
  });

  test("registering a provider is forbidden for the worker of another user", async () => {
    const worker = await api.createWorker("ann");
    const body = { category: "data", name: newJobName(), schema: {}, worker_id: worker.id };

    expectProblem(await api.as("wes").put(`/rooms/${newRoomId()}/providers`, { body }), "forbidden");
  });
});

describe("requests to a provider", () => {
  test("a request to a provider returns what a worker answers, with the provider's content type", async () => {
    const provider = await openProvider(api, newRoomId(), { content_type: "application/octet-stream" });
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);
    const reading = calls.read(provider, "frame=3&name=12");

    const read = await calls.serve(provider.worker, bytes);
    const response = await reading;

    expect(read).toMatchObject({ provider_id: provider.id, params: { frame: 3, name: "12" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-length")).toBe("300");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  test("a request to a provider wakes a worker that already waits", async () => {
    const provider = await openProvider(api, newRoomId());
    const serving = calls.serve(provider.worker, "1");

    const response = await calls.read(provider);

    expect(await response.text()).toBe("1");
    await serving;
  });

  test("a request to a provider is answered with 503 if no worker is online", async () => {
    const provider = await openProvider(api, newRoomId());
    await api.ageWorker(provider.worker);

    const response = await calls.read(provider);

    expect(response.headers.get("retry-after")).toBe("5");
    expect(await readProblem(response)).toEqual({
      status: 503,
      id: "provider-offline",
      detail: `No worker of provider ${provider.name} is online. Start one, for example with joblib worker, and try again.`,
    });
  });

  test("a request to a provider is answered with 504 if no worker answers in time, and a later answer is cached", async () => {
    const provider = await openProvider(api, newRoomId());
    const reading = calls.read(provider, "", { headers: { prefer: "wait=1" } });
    const read = await calls.claimOne(provider.worker);

    const response = await reading;
    expect(await readProblem(response)).toMatchObject({ status: 504, id: "provider-timeout" });

    expect((await calls.answer(provider.worker, read, "late", { ttl: 60 })).status).toBe(204);
    expect(await (await calls.read(provider)).text()).toBe("late");
  });

  test("a request to a provider is not assigned to a worker after its reader has disconnected", async () => {
    const provider = await openProvider(api, newRoomId());
    await calls.read(provider, "", { headers: { prefer: "wait=0" } });

    expect(await calls.claim(provider.worker, { wait: 0 })).toEqual([]);
  });

  test.each([
    { query: "frame=x", pointer: "/frame" },
    { query: "frame=-1", pointer: "/frame" },
    { query: "frame=1.5", pointer: "/frame" },
    { query: "other=1", pointer: "/other" },
    { query: "name=a&name=b", pointer: "/name" },
  ])("a request to a provider with the invalid query $query is rejected", async ({ query, pointer }) => {
    const provider = await openProvider(api, newRoomId());

    const response = await api.as("ann").get(`/rooms/${provider.room}/providers/${provider.name}?${query}`);

    expect(getErrorPointers(response)[0]).toMatch(new RegExp(`^(${pointer})?$`));
  });

  test("a request to a provider is rejected if its query is very long", async () => {
    const provider = await openProvider(api, newRoomId());

    const response = await calls.read(provider, `name=${"x".repeat(9000)}`);

    expect(await readProblem(response)).toMatchObject({ status: 413, id: "payload-too-large" });
  });

  test("a request to a provider returns the reason if the worker has no data or fails", async () => {
    const provider = await openProvider(api, newRoomId());
    for (const [reason, status, id] of [
      ["not-found", 404, "answer-not-found"],
      ["failed", 502, "read-failed"],
    ] as const) {
      const reading = calls.read(provider);
      const { id: read } = await calls.claimOne(provider.worker);
      const body = { reason, detail: `because ${reason}` };
      const response = await api
        .as("wes")
        .post(`/workers/${provider.worker}/reads/${read}/failure`, { body });
      expect(response.status).toBe(204);

      expect(await readProblem(await reading)).toEqual({ status, id, detail: `because ${reason}` });
    }
  });

  test("a request to a provider returns 404 if the provider is unknown or hidden", async () => {
    const provider = await openProvider(api, newRoomId());

    for (const name of ["private:data:Unknown", "no name", "other:data:X"]) {
      const response = await calls.read({ room: provider.room, name: encodeURIComponent(name) });
      expect(await readProblem(response)).toMatchObject({ status: 404, id: "provider-not-found" });
    }
    const elsewhere = await calls.read({ room: newRoomId(), name: provider.name });
    expect(await readProblem(elsewhere)).toMatchObject({ status: 404, id: "provider-not-found" });
  });

  test("a request to a public provider is possible in every room", async () => {
    const worker = await api.createWorker("root");
    const body = { category: "data", name: newJobName(), schema: {}, worker_id: worker.id };
    const { full_name: name } = ok(await api.as("root").put("/rooms/@global/providers", { body }), 201);
    const reading = calls.read({ room: newRoomId(), name });

    await calls.serve(worker.id, "public", { user: "root" });

    expect(await (await reading).text()).toBe("public");
  });
});
