import { once } from "node:events";
import { connect } from "node:net";
import Fastify from "fastify";
import { onTestFinished, test } from "vitest";
import { createProblemHandler } from "../../../server/http/problems.ts";

test("a client that sends a body that is too large gets 413 while it sends the body, and the connection stays open", async () => {
  const app = Fastify({ bodyLimit: 1000 });
  app.setErrorHandler(createProblemHandler("/v1"));
  app.post("/", () => ({}));
  app.get("/", () => ({ isAlive: true }));
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: "127.0.0.1" });

  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
  });
  let received = "";
  socket.setEncoding("utf8").on("data", (text) => {
    received += text;
  });
  const waitForText = async (pattern: RegExp) => {
    while (!pattern.test(received)) await Promise.race([once(socket, "data"), closed]);
  };
  const closed = once(socket, "close").then(() => {
    throw new Error(`the connection was closed after: ${received}`);
  });
  closed.catch(() => {});

  socket.write(
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2000000\r\n\r\n",
  );
  await waitForText(/HTTP\/1.1 413 [\s\S]*payload-too-large/);
  socket.write("x".repeat(2_000_000));
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await waitForText(/isAlive/);
});
