import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parseSettings } from "../../server/settings/settings.ts";
import { createServer } from "../../server/standalone.ts";
import { createDatabase } from "../support/postgres.ts";

let app: FastifyInstance;
let port = 0;
beforeAll(async () => {
  const database_url = await createDatabase(inject("postgresUrl"));
  app = await createServer({ settings: parseSettings({}, { database_url, log_level: "silent" }) });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  port = address.port;
});
afterAll(() => app.close());

/**
 * Sends bytes and returns everything that the server sends until it closes the connection or the
 * response matches `until`.
 */
const sendBytes = (bytes: string | Buffer, until?: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      received += chunk;
      if (until?.test(received)) socket.destroy();
    });
    socket.on("close", () => resolve(received)).on("error", reject);
  });

const parseStatuses = (received: string): number[] =>
  [...received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
const isAlive = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200;

const POST = "POST /v1/joblib/workers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

describe("requests that are not valid HTTP/1.1", () => {
  test.each([
    ["garbage", Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 7919) % 256))],
    ["HTTP/0.9", "GET /\r\n\r\n"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["TLS", Buffer.from("1603010200010001fc0303", "hex")],
    ["a request line of 1 MB", `GET /${"a".repeat(1 << 20)} HTTP/1.1\r\n\r\n`],
    ["headers of 1 MB", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(1 << 20)}\r\n\r\n`],
    ["a header with a line feed", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\r\n\r\n"],
    ["a request without Host", "GET /v1/problems HTTP/1.1\r\n\r\n"],
  ])("the server refuses a request with invalid HTTP/1.1 (%s) and keeps working", async (_name, bytes) => {
    const received = await sendBytes(bytes).catch(() => "");

    // A server without authentication responds with 403 if the Host of a request is not a loopback
    // address.
    for (const status of parseStatuses(received)) expect(status).toBeOneOf([400, 403]);
    expect(received).not.toMatch(/node_modules|\bat \S+:\d+/);
    expect(await isAlive()).toBe(true);
  });
});

describe("requests whose end is ambiguous (RFC 9112, section 6.3)", () => {
  test.each([
    [
      "both Content-Length and Transfer-Encoding",
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
    ],
    ["two lengths", "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}GET /healthz HTTP/1.1\r\n\r\n"],
    ["a length that is not a number", "Content-Length: +2\r\n\r\n{}"],
    ["chunked encoding that is not the last one", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"],
    ["a line feed in a chunk size", "Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n"],
  ])("the server refuses a request whose end is ambiguous because of %s", async (_name, rest) => {
    const statuses = parseStatuses(await sendBytes(POST + rest));

    expect(statuses).toEqual([400]);
  });
});

describe("request body", () => {
  test("a chunked request body without an end is refused with 413 as soon as it exceeds the limit", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const received = await sendBytes(
      `${POST}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(40)}`,
      /\r\n\r\n\{.*\}/s,
    );

    expect(parseStatuses(received)).toEqual([413]);
    expect(received).toContain("payload-too-large");
  });

  test("a request body with a Content-Length of 100 MB is refused with 413 before the client sends the body", async () => {
    const received = await sendBytes(`${POST}Content-Length: 104857600\r\n\r\n{`, /\r\n\r\n\{.*\}/s);

    expect(parseStatuses(received)).toEqual([413]);
  });

  test("a compressed request body is refused without decompression", async () => {
    const packed = gzipSync("{}");
    const head = `${POST}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\nConnection: close\r\n\r\n`;
    const received = await sendBytes(Buffer.concat([Buffer.from(head), packed]));

    expect(parseStatuses(received)).toEqual([415]);
  });
});

test("the server ends requests that take longer than 60 s, and accepts at most 50,000 connections", () => {
  expect(app.server.requestTimeout).toBe(60_000);
  expect(app.server.headersTimeout).toBeLessThanOrEqual(60_000);
  expect(app.server.maxConnections).toBe(50_000);
});

test("forwarding headers of a request do not appear in the response", async () => {
  const body = JSON.stringify({ name: "w" });
  const forged =
    "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nForwarded: host=evil.example\r\n";
  const received = await sendBytes(
    `${POST}${forged}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );

  expect(parseStatuses(received)[0]).toBeLessThan(500);
  expect(received).not.toContain("evil.example");
});
