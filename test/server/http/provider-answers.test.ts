import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { openProvider, ProviderCalls, readProblem } from "./providers.ts";

const MAX_BYTES = 1024 * 1024;

let api: Api;
let calls: ProviderCalls;
beforeAll(async () => {
  api = await openApi({
    settings: {
      provider_max_answer_bytes: MAX_BYTES,
      provider_memory_bytes: 2 * MAX_BYTES,
      provider_cache_bytes: MAX_BYTES,
    },
  });
  calls = await ProviderCalls.listen(api);
});
afterAll(() => api.close());

/** A body whose parts the test sends one by one. */
const createBody = () => {
  const parts = new TransformStream<Uint8Array, Uint8Array>();
  const writer = parts.writable.getWriter();
  return { stream: parts.readable, writer };
};

const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);

describe("equal requests to a provider", () => {
  test("concurrent requests with the same parameters to a provider are sent to the worker once, and all readers get the answer", async () => {
    const provider = await openProvider(api, newRoomId());
    const reading = [1, 2, 3].map(() => calls.read(provider, "name=a&frame=1"));
    reading.push(calls.read(provider, "frame=1&name=a"));
    const read = await calls.claimOne(provider.worker);

    expect(await calls.claim(provider.worker, { wait: 0 })).toEqual([]);
    await calls.answer(provider.worker, read, "shared");

    for (const response of reading) expect(await (await response).text()).toBe("shared");
  });

  test("a request to a provider goes to the worker again if the previous answer had no TTL", async () => {
    const provider = await openProvider(api, newRoomId());
    for (const body of ["first", "second"]) {
      const reading = calls.read(provider);
      await calls.serve(provider.worker, body);
      expect(await (await reading).text()).toBe(body);
    }
  });
});

describe("cached answers", () => {
  const openCached = async (options: { ttl?: number; etag?: string } = {}) => {
    const provider = await openProvider(api, newRoomId());
    const reading = calls.read(provider, "frame=1");
    await calls.serve(provider.worker, "cached", { ttl: 60, ...options });
    expect(await (await reading).text()).toBe("cached");
    return provider;
  };

  test("a provider's cached answer is returned with its age and an ETag, even after the worker is gone", async () => {
    const provider = await openCached();
    await api.as("wes").delete(`/workers/${provider.worker}`);

    const response = await calls.read(provider, "frame=1");

    expect(response.headers.get("age")).toMatch(/^\d+$/);
    expect(response.headers.get("etag")).toMatch(/^"[\w-]{43}"$/);
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(await response.text()).toBe("cached");
    const other = await calls.read(provider, "frame=2");
    expect(await readProblem(other)).toMatchObject({ id: "provider-offline" });
  });

  test("a provider's cached answer is a 304 if the reader already has the answer", async () => {
    const provider = await openCached({ etag: '"v1"' });

    const response = await calls.read(provider, "frame=1", { headers: { "if-none-match": '"v0", "v1"' } });

    expect(response.status).toBe(304);
    expect(response.headers.get("etag")).toBe('"v1"');
  });

  test("a provider's cached answer is not returned to a user without access to the room", async () => {
    const provider = await openCached();

    const response = await calls.read(provider, "frame=1", { user: "outsider" });

    expect(await readProblem(response)).toMatchObject({ id: "forbidden" });
  });

  test.each([
    { what: "its parameters", body: { params: { frame: 1 } } },
    { what: "all answers of the provider", body: {} },
  ])("a provider's cached answer is removed when the worker invalidates $what", async ({ body }) => {
    const provider = await openCached();
    const path = `/workers/${provider.worker}/providers/${provider.id}/invalidation`;
    const other = await api.as("wes").post(path, { body: { params: { frame: 2 } } });
    expect(other.status).toBe(204);
    expect(await (await calls.read(provider, "frame=1")).text()).toBe("cached");

    expect((await api.as("wes").post(path, { body })).status).toBe(204);

    const reading = calls.read(provider, "frame=1");
    await calls.serve(provider.worker, "new");
    expect(await (await reading).text()).toBe("new");
  });

  test("a provider's answer is not cached if an invalidation arrived while the worker was answering", async () => {
    const provider = await openProvider(api, newRoomId());
    const reading = calls.read(provider);
    const read = await calls.claimOne(provider.worker);
    await api.as("wes").post(`/workers/${provider.worker}/providers/${provider.id}/invalidation`);
    await calls.answer(provider.worker, read, "outdated", { ttl: 60 });
    expect(await (await reading).text()).toBe("outdated");

    const again = calls.read(provider);
    await calls.serve(provider.worker, "current");
    expect(await (await again).text()).toBe("current");
  });

  test("a provider's cached answer can be invalidated only by a worker of the provider", async () => {
    const provider = await openCached();
    const other = await openProvider(api, newRoomId());

    const response = await api
      .as("wes")
      .post(`/workers/${other.worker}/providers/${provider.id}/invalidation`);

    expect(response.status).toBe(404);
  });
});

describe("large answers", () => {
  test("a provider's large answer is streamed to the first reader, and a reader that joins later gets the whole answer", async () => {
    const provider = await openProvider(api, newRoomId());
    const { stream, writer } = createBody();
    const reading = calls.read(provider);
    const answering = calls.answer(provider.worker, await calls.claimOne(provider.worker), stream);
    await writer.write(bytes(200_000, 1));
    const response = await reading;
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.[0]).toBe(1);

    const late = await calls.read(provider);
    await writer.write(bytes(100_000, 2));
    await writer.close();

    expect((await answering).status).toBe(204);
    const whole = new Uint8Array(await late.arrayBuffer());
    expect([whole.length, whole[0], whole.at(-1)]).toEqual([300_000, 1, 2]);
    await reader?.cancel();
  });

  test("a provider's large answer is cut off for readers if the worker does not send all of it", async () => {
    const provider = await openProvider(api, newRoomId());
    const { stream, writer } = createBody();
    const cut = new AbortController();
    const reading = calls.read(provider);
    const read = await calls.claimOne(provider.worker);
    const answering = calls.answer(provider.worker, read, stream, { signal: cut.signal });
    await writer.write(bytes(200_000));
    const response = await reading;
    cut.abort();

    await expect(answering).rejects.toThrow();
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  test("a request to a provider goes to a worker again if the first upload is interrupted before a reader received a part", async () => {
    const provider = await openProvider(api, newRoomId());
    const { stream, writer } = createBody();
    const cut = new AbortController();
    const reading = calls.read(provider);
    const read = await calls.claimOne(provider.worker);
    const received = once(api.app.server, "request");
    const answering = calls.answer(provider.worker, read, stream, { signal: cut.signal });
    await writer.write(bytes(10));
    await received;
    cut.abort();
    await expect(answering).rejects.toThrow();

    const again = await calls.serve(provider.worker, "whole");

    expect(again.id).toBe(read.id);
    expect(await (await reading).text()).toBe("whole");
  });

  test("a provider's answer that is larger than the limit is rejected for the worker and fails for the reader", async () => {
    const provider = await openProvider(api, newRoomId());
    const { stream, writer } = createBody();
    const reading = calls.read(provider);
    const read = await calls.claimOne(provider.worker);
    const answering = calls.answer(provider.worker, read, stream);
    writer.write(bytes(60_000)).then(
      () =>
        writer.write(bytes(MAX_BYTES)).then(
          () => writer.close(),
          () => {},
        ),
      () => {},
    );

    expect(await readProblem(await answering)).toMatchObject({ status: 413, id: "payload-too-large" });
    await reading.then(
      (response) => expect(response.arrayBuffer()).rejects.toThrow(),
      () => {},
    );
  });

  test("a provider's large answer frees its memory when every reader has received it", async () => {
    const provider = await openProvider(api, newRoomId());
    // The five answers together are larger than `provider_memory_bytes`.
    for (let count = 0; count < 5; count += 1) {
      const reading = calls.read(provider);
      await calls.serve(provider.worker, bytes(MAX_BYTES));
      expect((await (await reading).arrayBuffer()).byteLength).toBe(MAX_BYTES);
    }
  });

  test("a provider's new answer replaces the least recently requested answers in the cache", async () => {
    const provider = await openProvider(api, newRoomId());
    for (const frame of [1, 2, 3]) {
      const reading = calls.read(provider, `frame=${frame}`);
      await calls.serve(provider.worker, bytes(400_000), { ttl: 60 });
      await (await reading).arrayBuffer();
    }

    expect((await calls.read(provider, "frame=3")).headers.get("age")).toMatch(/^\d+$/);
    const first = calls.read(provider, "frame=1");
    await calls.serve(provider.worker, "read again");
    expect(await (await first).text()).toBe("read again");
  });
});
