import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { openProvider, ProviderCalls, readProblem } from "./providers.ts";

let redis: RedisServer;
let connections: Redis[] = [];
let apis: Api[] = [];
/**
 * Three servers: readers send their requests to the first server, and the worker claims the requests
 * at the second server and answers at the third server.
 */
let readers: ProviderCalls;
let claims: ProviderCalls;
let answers: ProviderCalls;
let api: Api;
beforeAll(async () => {
  redis = await startRedis();
  const open = async (orm?: Api["orm"]) => {
    const connection = new Redis(redis.url);
    connections.push(connection);
    const settings = { provider_max_answer_bytes: 4 * 1024 * 1024 };
    const opened = await openApi({ redis: connection, settings, ...(orm && { orm }) });
    apis.push(opened);
    return opened;
  };
  api = await open();
  readers = await ProviderCalls.listen(api);
  claims = await ProviderCalls.listen(await open(api.orm));
  answers = await ProviderCalls.listen(await open(api.orm));
});
afterAll(async () => {
  for (const one of apis.toReversed()) await one.close();
  for (const one of connections) one.disconnect();
  apis = [];
  connections = [];
  await redis[Symbol.asyncDispose]();
});

test("a worker claims a provider request on one server and answers it on another for a reader on a third", async () => {
  const provider = await openProvider(api, newRoomId(), { content_type: "application/octet-stream" });
  const body = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
  const claiming = claims.claimOne(provider.worker);
  const reading = readers.read(provider, "frame=1");

  const read = await claiming;
  const answered = await answers.answer(provider.worker, read, body, { ttl: 60 });
  const response = await reading;

  expect(read.params).toEqual({ frame: 1 });
  expect(answered.status).toBe(204);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(body);
  expect((await readers.read(provider, "frame=1")).headers.get("age")).toMatch(/^\d+$/);
});

test("a worker receives a provider request that a reader sent before the worker began to wait on another server", async () => {
  const provider = await openProvider(api, newRoomId());
  const reading = readers.read(provider);

  await claims.serve(provider.worker, "1");

  expect(await (await reading).text()).toBe("1");
});

test("a failure and a rejected answer of a provider reach the reader on another server", async () => {
  const provider = await openProvider(api, newRoomId());
  const failing = readers.read(provider);
  const { id } = await claims.claimOne(provider.worker);
  const path = `${answers.origin}/v1/joblib/workers/${provider.worker}/reads/${id}/failure`;
  const headers = { "x-user": "wes", "content-type": "application/json" };
  const body = JSON.stringify({ reason: "not-found", detail: "no such frame" });
  expect((await fetch(path, { method: "POST", headers, body })).status).toBe(204);
  expect(await readProblem(await failing)).toMatchObject({ id: "answer-not-found", detail: "no such frame" });

  const reading = readers.read(provider);
  const read = await claims.claimOne(provider.worker);
  const large = await answers.answer(provider.worker, read, new Uint8Array(5 * 1024 * 1024));
  expect(await readProblem(large)).toMatchObject({ id: "payload-too-large" });
  await expect(reading.then((response) => response.arrayBuffer())).rejects.toThrow();
});

test("an invalidation on one server removes the provider's cached answers of the other servers", async () => {
  const provider = await openProvider(api, newRoomId());
  const reading = readers.read(provider);
  await claims.serve(provider.worker, "old", { ttl: 60 });
  expect(await (await reading).text()).toBe("old");
  expect(await (await readers.read(provider)).text()).toBe("old");

  const path = `${answers.origin}/v1/joblib/workers/${provider.worker}/providers/${provider.id}/invalidation`;
  expect((await fetch(path, { method: "POST", headers: { "x-user": "wes" } })).status).toBe(204);

  // The other servers are notified asynchronously.
  const isCached = async () => (await readers.read(provider, "", { headers: { prefer: "wait=0" } })).ok;
  await eventually(async () => !(await isCached()));
  const again = readers.read(provider);
  await claims.serve(provider.worker, "new");
  expect(await (await again).text()).toBe("new");
});

test("an answer to a provider request of an unknown server is rejected with read-lost", async () => {
  const provider = await openProvider(api, newRoomId());
  const id = `${"0".repeat(32)}.01985a3e-0000-7000-8000-000000000000`;

  const response = await answers.answer(provider.worker, { id }, "1");

  expect(await readProblem(response)).toMatchObject({ status: 409, id: "read-lost" });
});
