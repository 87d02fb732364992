import { createServer, type RequestListener } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { ProtocolError, TaskNotFoundError } from "../../../sdk/errors.ts";
import { JoblibClient } from "../../../sdk/http/client.ts";
import type { RetryPolicy } from "../../../sdk/http/retry.ts";
import { eventually } from "../../support/eventually.ts";
import { SHORT_RETRY_DELAYS } from "../network.ts";

const ready = (id: string) => `event: ready\nid: ${id}\ndata: {}\n\n`;

/**
 * Starts a server with a request listener, and creates a client for this server. `lastEventIds`
 * contains the `Last-Event-ID` header of each request.
 */
const startServer = async (
  listener: RequestListener,
  fetch?: typeof globalThis.fetch,
  retry: Partial<RetryPolicy> = SHORT_RETRY_DELAYS,
) => {
  const lastEventIds: (string | string[] | undefined)[] = [];
  const server = createServer((request, response) => {
    lastEventIds.push(request.headers["last-event-id"]);
    listener(request, response);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  return { lastEventIds, client: new JoblibClient({ url, token: "secret", retry, ...(fetch && { fetch }) }) };
};

test("JoblibClient.follow reconnects after a stream ended or broke, and continues after the last event that it received", async () => {
  let connections = 0;
  const { client, lastEventIds } = await startServer((_, response) => {
    connections += 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (connections === 1) response.end(`:\n\n${ready("a")}event: newer\nid: b\ndata: 1\n\n`);
    else if (connections === 2) response.write(ready("c"), () => response.destroy());
    else response.write(ready("d"));
  });

  const ids: string[] = [];
  for await (const { id } of client.follow("followRoom", { room_id: "lab" })) {
    ids.push(id);
    if (ids.length === 3) break;
  }

  expect(ids).toEqual(["a", "c", "d"]);
  expect(lastEventIds).toEqual([undefined, "a", "c"]);
});

test.each([
  ["HTML", "text/html", "<h1>Bad Gateway"],
  ["an empty JSON body", "application/json", ""],
  ["invalid JSON", "application/problem+json", "Bad Gateway"],
])("JoblibClient.follow reconnects after a gateway responded with %s", async (_name, type, body) => {
  let connections = 0;
  const { client } = await startServer((_, response) => {
    connections += 1;
    if (connections === 1) response.writeHead(502, { "content-type": type }).end(body);
    else response.writeHead(200, { "content-type": "text/event-stream" }).write(ready("a"));
  });
  const stream = client.follow("followRoom", { room_id: "lab" });
  onTestFinished(async () => void (await stream.return()));

  await expect(stream.next()).resolves.toMatchObject({ value: { event: "ready", id: "a" } });
});

test("JoblibClient.follow does not retry after an error that retries cannot fix, but throws the error", async () => {
  const problem = { type: "/v1/problems/task-not-found", title: "T", status: 404, detail: "D" };
  const missing = await startServer((_, response) =>
    response.writeHead(404, { "content-type": "application/problem+json" }).end(JSON.stringify(problem)),
  );
  const page = await startServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<h1>"),
  );
  const invalid = await startServer((_, response) =>
    response
      .writeHead(200, { "content-type": "text/event-stream" })
      .write("event: task\nid: 1\ndata: {}\n\n"),
  );

  await expect(missing.client.follow("followTask", { task_id: "t" }).next()).rejects.toBeInstanceOf(
    TaskNotFoundError,
  );
  await expect(page.client.follow("followTask", { task_id: "t" }).next()).rejects.toBeInstanceOf(
    ProtocolError,
  );
  await expect(invalid.client.follow("followTask", { task_id: "t" }).next()).rejects.toBeInstanceOf(
    ProtocolError,
  );
});

describe("JoblibClient.follow with an unexpected server", () => {
  const follow = async (listener: RequestListener, fetch?: typeof globalThis.fetch) => {
    const { client, lastEventIds } = await startServer(listener, fetch);
    const error = await client
      .follow("followTask", { task_id: "t" })
      .next()
      .catch((thrown: unknown) => thrown);
    return { error, requests: lastEventIds.length };
  };
  const stream = { "content-type": "text/event-stream" };

  test("JoblibClient.follow rejects a redirect after one request", async () => {
    const { error, requests } = await follow((_, response) =>
      response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" }).end(),
    );

    expect(error).toBeInstanceOf(ProtocolError);
    expect(requests).toBe(1);
  });

  test.each([
    ["undici's", undefined],
    ["the global fetch's", globalThis.fetch],
  ])("JoblibClient.follow stops reading a line at 16 MiB with %s connection", async (_name, fetch) => {
    const chunk = `data: ${"x".repeat(1 << 20)}`;
    const { error, requests } = await follow((_, response) => {
      response.writeHead(200, stream);
      const writeMore = () => void response.write(chunk, (failed) => failed ?? writeMore());
      writeMore();
    }, fetch);

    expect(error).toBeInstanceOf(ProtocolError);
    expect(String(error)).toMatch(/more than \d+ bytes/);
    expect(requests).toBe(1);
  });

  test("JoblibClient.follow stops reading an error response at 16 MiB", async () => {
    const { error } = await follow((_, response) => {
      response.writeHead(403, { "content-type": "application/problem+json" });
      const writeMore = () => void response.write(" ".repeat(1 << 20), (failed) => failed ?? writeMore());
      writeMore();
    });

    expect(error).toBeInstanceOf(ProtocolError);
  });

  test("JoblibClient.follow delays reconnects to a server that ends every stream immediately, and stops when the caller's signal is aborted", async () => {
    const { client, lastEventIds } = await startServer(
      (_, response) => response.writeHead(200, stream).end(":\n\n"),
      undefined,
      {
        baseSeconds: 0.05,
        maxSeconds: 0.1,
      },
    );
    const abort = new AbortController();
    const next = client.follow("followRoom", { room_id: "lab" }, { signal: abort.signal }).next();
    await eventually(() => lastEventIds.length >= 3);
    abort.abort(new Error("enough"));

    await expect(next).rejects.toThrow("enough");
    expect(lastEventIds.length).toBeLessThan(50);
  });
});

test("JoblibClient.follow rejects with the abort reason of its signal, even if no event arrives", async () => {
  const { client } = await startServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write(ready("a"));
  });
  const abort = new AbortController();
  const stream = client.follow("followRoom", { room_id: "lab" }, { signal: abort.signal });
  await stream.next();
  const next = stream.next();
  abort.abort(new Error("enough"));

  await expect(next).rejects.toThrow("enough");
});
