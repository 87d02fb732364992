import { createServer, type RequestListener } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { JoblibClient } from "../../sdk/client.ts";
import { ProtocolError, TaskNotFoundError } from "../../sdk/errors.ts";
import type { RetryPolicy } from "../../sdk/retry.ts";
import { eventually } from "../support/eventually.ts";
import { QUICK } from "./network.ts";

const ready = (id: string) => `event: ready\nid: ${id}\ndata: {}\n\n`;

/** A client of a server that answers as it likes; what it was asked with is remembered. */
const clientOf = async (
  listener: RequestListener,
  fetch?: typeof globalThis.fetch,
  retry: Partial<RetryPolicy> = QUICK,
) => {
  const asked: (string | string[] | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["last-event-id"]);
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
  return { asked, client: new JoblibClient({ url, token: "secret", retry, ...(fetch && { fetch }) }) };
};

test("a stream that ends, or breaks, goes on behind its last event", async () => {
  let turn = 0;
  const { client, asked } = await clientOf((_, response) => {
    turn += 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (turn === 1) response.end(`:\n\n${ready("a")}event: newer\nid: b\ndata: 1\n\n`);
    else if (turn === 2) response.write(ready("c"), () => response.destroy());
    else response.write(ready("d"));
  });

  const ids: string[] = [];
  for await (const { id } of client.follow("followRoom", { room_id: "lab" })) {
    ids.push(id);
    if (ids.length === 3) break;
  }

  expect(ids).toEqual(["a", "c", "d"]);
  expect(asked).toEqual([undefined, "a", "c"]);
});

test("what no waiting mends is thrown", async () => {
  const problem = { type: "/v1/problems/task-not-found", title: "T", status: 404, detail: "D" };
  const gone = await clientOf((_, response) =>
    response.writeHead(404, { "content-type": "application/problem+json" }).end(JSON.stringify(problem)),
  );
  const page = await clientOf((_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<h1>"),
  );
  const nonsense = await clientOf((_, response) =>
    response
      .writeHead(200, { "content-type": "text/event-stream" })
      .write("event: task\nid: 1\ndata: {}\n\n"),
  );

  await expect(gone.client.follow("followTask", { task_id: "t" }).next()).rejects.toBeInstanceOf(
    TaskNotFoundError,
  );
  await expect(page.client.follow("followTask", { task_id: "t" }).next()).rejects.toBeInstanceOf(
    ProtocolError,
  );
  await expect(nonsense.client.follow("followTask", { task_id: "t" }).next()).rejects.toBeInstanceOf(
    ProtocolError,
  );
});

describe("a server that is not what it should be", () => {
  const follow = async (listener: RequestListener, fetch?: typeof globalThis.fetch) => {
    const { client, asked } = await clientOf(listener, fetch);
    const error = await client
      .follow("followTask", { task_id: "t" })
      .next()
      .catch((thrown: unknown) => thrown);
    return { error, times: asked.length };
  };
  const stream = { "content-type": "text/event-stream" };

  test("a redirect is not followed, and the token stays", async () => {
    const { error, times } = await follow((_, response) =>
      response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" }).end(),
    );

    expect(error).toBeInstanceOf(ProtocolError);
    expect(times).toBe(1);
  });

  test.each([
    ["undici's", undefined],
    ["the global fetch's", globalThis.fetch],
  ])("a line without an end is given up at 16 MiB, by %s connection", async (_name, fetch) => {
    const piece = `data: ${"x".repeat(1 << 20)}`;
    const { error, times } = await follow((_, response) => {
      response.writeHead(200, stream);
      const more = () => void response.write(piece, (failed) => failed ?? more());
      more();
    }, fetch);

    expect(error).toBeInstanceOf(ProtocolError);
    expect(String(error)).toMatch(/more than \d+ bytes/);
    expect(times).toBe(1);
  });

  test("a refusal without an end is given up too", async () => {
    const { error } = await follow((_, response) => {
      response.writeHead(403, { "content-type": "application/problem+json" });
      const more = () => void response.write(" ".repeat(1 << 20), (failed) => failed ?? more());
      more();
    });

    expect(error).toBeInstanceOf(ProtocolError);
  });

  test("an address that ends its stream at once is not asked in a tight loop, and is left when nobody listens", async () => {
    const { client, asked } = await clientOf(
      (_, response) => response.writeHead(200, stream).end(":\n\n"),
      undefined,
      {
        baseSeconds: 0.05,
        maxSeconds: 0.1,
      },
    );
    const abort = new AbortController();
    const next = client.follow("followRoom", { room_id: "lab" }, { signal: abort.signal }).next();
    await eventually(() => asked.length >= 3);
    abort.abort(new Error("enough"));

    await expect(next).rejects.toThrow("enough");
    expect(asked.length).toBeLessThan(50);
  });
});

test("aborting ends it with the reason, in the middle of a silence", async () => {
  const { client } = await clientOf((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write(ready("a"));
  });
  const abort = new AbortController();
  const stream = client.follow("followRoom", { room_id: "lab" }, { signal: abort.signal });
  await stream.next();
  const next = stream.next();
  abort.abort(new Error("enough"));

  await expect(next).rejects.toThrow("enough");
});
