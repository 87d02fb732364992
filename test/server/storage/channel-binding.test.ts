import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ChannelBoundClient } from "../../../server/storage/database/postgres-options.ts";

/**
 * Formats a PostgreSQL authentication request: an authentication code and the bytes that follow it.
 * See "Message Formats" in the PostgreSQL manual.
 */
function formatRequest(code: number, rest = ""): Buffer {
  const message = Buffer.alloc(9 + rest.length);
  message.write("R");
  message.writeInt32BE(message.length - 1, 1);
  message.writeInt32BE(code, 5);
  message.write(rest, 9, "latin1");
  return message;
}

const READY_FOR_QUERY = Buffer.from("Z\0\0\0\x05I", "latin1");

/**
 * Starts a server for a single client. It responds to the first message with `response`. `received`
 * contains everything that the client sends.
 */
async function startServer(response: Buffer) {
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received.push(bytes);
      if (received.length === 1) socket.write(response);
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, received };
}

// `ChannelBoundClient` listens to undocumented events of pg's connection. This test fails if pg
// renames these events.
test.each([
  ["needs no password", Buffer.concat([formatRequest(0), READY_FOR_QUERY])],
  ["asks for a password", formatRequest(3)],
  ["asks for an MD5 hash", formatRequest(5, "salt")],
  ["offers SCRAM without channel binding", formatRequest(10, "SCRAM-SHA-256\0\0")],
])("a client that requires channel binding sends nothing to a server that %s", async (_, response) => {
  const { port, received } = await startServer(response);
  const client = new ChannelBoundClient({ host: "127.0.0.1", port, user: "u", password: "secret" });

  await expect(client.connect()).rejects.toThrow("no channel binding");
  expect(received).toHaveLength(1);
});
