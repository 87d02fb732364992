import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parseSettings } from "../../server/settings.ts";
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

/** All that the server says to these bytes until it hangs up, or has said `until`. */
const say = (bytes: string | Buffer, until?: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      heard += chunk;
      if (until?.test(heard)) socket.destroy();
    });
    socket.on("close", () => resolve(heard)).on("error", reject);
  });

const statusesOf = (heard: string): number[] =>
  [...heard.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
const isAlive = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200;

const POST = "POST /v1/joblib/workers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

describe("what is no HTTP/1.1 is refused as a problem, and the server goes on", () => {
  test.each([
    ["garbage", Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 7919) % 256))],
    ["HTTP/0.9", "GET /\r\n\r\n"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["TLS", Buffer.from("1603010200010001fc0303", "hex")],
    ["a request line of 1 MB", `GET /${"a".repeat(1 << 20)} HTTP/1.1\r\n\r\n`],
    ["headers of 1 MB", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(1 << 20)}\r\n\r\n`],
    ["a header with a line feed", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\r\n\r\n"],
    ["no Host", "GET /v1/problems HTTP/1.1\r\n\r\n"],
  ])("%s", async (_name, bytes) => {
    const heard = await say(bytes).catch(() => "");

    // Without tokens, who names no loopback host is refused as well.
    for (const status of statusesOf(heard)) expect(status).toBeOneOf([400, 403]);
    expect(heard).not.toMatch(/node_modules|\bat \S+:\d+/);
    expect(await isAlive()).toBe(true);
  });
});

describe("where a request ends is never in doubt (RFC 9112, 6.3)", () => {
  test.each([
    [
      "both lengths",
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
    ],
    ["two lengths", "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}GET /healthz HTTP/1.1\r\n\r\n"],
    ["a length that is no number", "Content-Length: +2\r\n\r\n{}"],
    ["an encoding behind another", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"],
    ["a chunk's size with more", "Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n"],
  ])("%s", async (_name, rest) => {
    const statuses = statusesOf(await say(POST + rest));

    expect(statuses).toEqual([400]);
  });
});

describe("a body", () => {
  test("without a length, and without an end, is 413 as soon as it is over the limit", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const heard = await say(
      `${POST}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(40)}`,
      /\r\n\r\n\{.*\}/s,
    );

    expect(statusesOf(heard)).toEqual([413]);
    expect(heard).toContain("payload-too-large");
  });

  test("that says it is 100 MB is 413 before it has come", async () => {
    const heard = await say(`${POST}Content-Length: 104857600\r\n\r\n{`, /\r\n\r\n\{.*\}/s);

    expect(statusesOf(heard)).toEqual([413]);
  });

  test("that is compressed is not unpacked", async () => {
    const packed = gzipSync("{}");
    const head = `${POST}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\nConnection: close\r\n\r\n`;
    const heard = await say(Buffer.concat([Buffer.from(head), packed]));

    expect(statusesOf(heard)).toEqual([415]);
  });
});

test("a client that takes for ever over its request is cut off", () => {
  expect(app.server.requestTimeout).toBe(60_000);
  expect(app.server.headersTimeout).toBeLessThanOrEqual(60_000);
  expect(app.server.maxConnections).toBe(50_000);
});

test("who it is asked for and through whom changes nothing about where it sends people", async () => {
  const body = JSON.stringify({ name: "w" });
  const forged =
    "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nForwarded: host=evil.example\r\n";
  const heard = await say(
    `${POST}${forged}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );

  expect(statusesOf(heard)[0]).toBeLessThan(500);
  expect(heard).not.toContain("evil.example");
});
