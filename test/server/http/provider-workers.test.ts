import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { isPending, openProvider, ProviderCalls, readProblem } from "./providers.ts";

let api: Api;
let calls: ProviderCalls;
beforeAll(async () => {
  const settings = { provider_max_reads_per_room: 4, provider_max_reads_per_worker: 2 };
  api = await openApi({ settings });
  calls = await ProviderCalls.listen(api);
});
afterAll(() => api.close());

describe("provider workers", () => {
  test("a worker cannot answer a provider request twice, and cannot answer a request that another worker claimed", async () => {
    const provider = await openProvider(api, newRoomId());
    const other = await openProvider(api, newRoomId());
    const reading = calls.read(provider);
    const read = await calls.claimOne(provider.worker);

    const foreign = await calls.answer(other.worker, read, "no");
    expect(await readProblem(foreign)).toMatchObject({ status: 409, id: "read-lost" });
    await calls.answer(provider.worker, read, "yes");
    const second = await calls.answer(provider.worker, read, "no");
    expect(await readProblem(second)).toMatchObject({ status: 409, id: "read-lost" });
    expect(await (await reading).text()).toBe("yes");
  });

  test("a worker gets at most `provider_max_reads_per_worker` provider requests at the same time", async () => {
    const provider = await openProvider(api, newRoomId());
    const reading = [1, 2, 3].map((frame) => calls.read(provider, `frame=${frame}`));
    const claimed = [await calls.claimOne(provider.worker), await calls.claimOne(provider.worker)];

    expect(await calls.claim(provider.worker, { limit: 3, wait: 0 })).toEqual([]);
    const next = calls.claimOne(provider.worker);
    expect(await isPending(next)).toBe(true);
    for (const read of claimed) await calls.answer(provider.worker, read, "1");
    await calls.answer(provider.worker, await next, "1");
    await Promise.all(reading);
  });

  test("a worker that replaces a crashed worker gets the provider requests of the crashed worker", async () => {
    const provider = await openProvider(api, newRoomId());
    const reading = calls.read(provider);
    const lost = await calls.claimOne(provider.worker);

    const replacement = await api.createWorker();
    const claiming = calls.claimOne(replacement.id);
    await api.as("wes").put(`/rooms/${provider.room}/providers`, {
      body: { ...provider.registration, worker_id: replacement.id },
    });
    const read = await claiming;
    await calls.answer(replacement.id, read, "replaced");

    expect(read.id).toBe(lost.id);
    expect(await (await reading).text()).toBe("replaced");
    expect((await calls.answer(provider.worker, lost, "late")).status).toBe(409);
  });

  test("a worker loses its claimed provider requests to another worker when it deregisters", async () => {
    const provider = await openProvider(api, newRoomId());
    const other = await api.createWorker();
    await api.as("wes").put(`/rooms/${provider.room}/providers`, {
      body: { ...provider.registration, worker_id: other.id },
    });
    const reading = calls.read(provider);
    await calls.claimOne(provider.worker);

    await api.as("wes").delete(`/workers/${provider.worker}`);
    await calls.serve(other.id, "other");

    expect(await (await reading).text()).toBe("other");
  });

  test("a worker that closes its connection before it receives a provider request does not delay the request", async () => {
    const provider = await openProvider(api, newRoomId());
    const gone = new AbortController();
    const claiming = fetch(`${calls.origin}/v1/joblib/workers/${provider.worker}/reads/claim`, {
      method: "POST",
      headers: { "x-user": "wes", "content-type": "application/json", prefer: "wait=30" },
      body: JSON.stringify({ limit: 1 }),
      signal: gone.signal,
    });
    gone.abort();
    await expect(claiming).rejects.toThrow();
    const reading = calls.read(provider);

    await calls.serve(provider.worker, "1");

    expect(await (await reading).text()).toBe("1");
  });
});

test("a room with too many provider requests gets a 429, and other rooms are not affected", async () => {
  const provider = await openProvider(api, newRoomId());
  const gone = new AbortController();
  const reading = [1, 2, 3, 4, 5].map((frame) =>
    calls.read(provider, `frame=${frame}`, { signal: gone.signal }),
  );

  const rejected = await Promise.race(reading);
  expect(await readProblem(rejected)).toMatchObject({ id: "rate-limited" });
  const other = await openProvider(api, newRoomId());
  const otherReading = calls.read(other);
  await calls.serve(other.worker, "1");
  expect((await otherReading).status).toBe(200);

  gone.abort();
  await Promise.allSettled(reading);
});
