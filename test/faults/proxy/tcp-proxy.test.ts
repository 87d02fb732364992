import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTimer } from "../../support/timer.ts";
import { TcpProxy } from "./tcp-proxy.ts";

let echo: Server;
let proxy: TcpProxy;
let receivedByServer = "";
const opened: Socket[] = [];

beforeEach(async () => {
  receivedByServer = "";
  echo = createServer((socket) => {
    socket.on("data", (chunk) => {
      receivedByServer += chunk;
    });
    socket.on("error", () => {}).pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const address = echo.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  proxy = await TcpProxy.to(address.port);
});

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await proxy[Symbol.asyncDispose]();
  echo.close();
});

/** Connects a client. `received` contains everything that the client has received until now. */
const connectClient = async () => {
  const socket = connect(proxy.port, "127.0.0.1").setEncoding("utf8");
  const received = { text: "", error: "", ended: false };
  opened.push(socket);
  socket.on("data", (text: string) => {
    received.text += text;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    received.error = error.code ?? "";
  });
  socket.on("end", () => {
    received.ended = true;
  });
  await once(socket, "connect");
  return { socket, received };
};

test("a proxy without faults forwards bytes and the end of the stream", async () => {
  const { socket, received } = await connectClient();
  socket.write("hello");
  await eventually(() => received.text === "hello");

  socket.end();

  await eventually(() => received.ended && proxy.size === 0);
  expect(received.error).toBe("");
});

test("a proxy with a delay for one direction delays only this direction, and preserves the order of chunks", async () => {
  const delays = [120, 0, 60];
  proxy.setFaults({ toServer: { delayMs: () => delays.shift() ?? 0 } });
  const { socket, received } = await connectClient();
  const timer = startTimer(0.1);

  for (const piece of ["a", "b", "c"]) {
    socket.write(piece);
    await new Promise(setImmediate);
  }

  await eventually(() => received.text.length === 3);
  expect(received.text).toBe("abc");
  expect(timer.isOver).toBe(true);
});

test("a proxy with `bytesPerSecond` limits the number of bytes per second", async () => {
  proxy.setFaults({ toClient: { bytesPerSecond: 10_000 } });
  const { socket, received } = await connectClient();
  const timer = startTimer(0.15);

  socket.write("x".repeat(2000));

  await eventually(() => received.text.length === 2000);
  expect(timer.isOver).toBe(true);
});

test("a proxy cuts a connection after `cutAfterBytes` bytes", async () => {
  proxy.setFaults({ toClient: { cutAfterBytes: 4 } });
  const { socket, received } = await connectClient();

  socket.write("abcdefgh");

  await eventually(() => received.error === "ECONNRESET");
  expect("abcd".startsWith(received.text)).toBe(true);
});

test("a proxy with a black hole drops the data of one direction until `heal` is called", async () => {
  const { socket, received } = await connectClient();
  proxy.setFaults({ toClient: { blackHole: true } });
  socket.write("lost");
  await eventually(() => receivedByServer === "lost");
  expect(received.text).toBe("");
  proxy.heal();

  socket.write("!");

  await eventually(() => received.text !== "");
  expect(received).toMatchObject({ text: "!", error: "" });
});

test("a proxy with a black hole hides from the server that the client has closed the connection", async () => {
  const { socket, received } = await connectClient();
  socket.write("a");
  await eventually(() => received.text === "a");
  proxy.setFaults({ toClient: { blackHole: true }, toServer: { blackHole: true } });
  const watcher = await connectClient();

  socket.destroy();

  await expect(eventually(() => proxy.size < 2, Boolean, { timeoutMs: 100 })).rejects.toThrow();
  expect(watcher.received).toMatchObject({ ended: false, error: "" });
});

test("a proxy trap drops the response to the first matching request, and forwards later responses", async () => {
  const trap = proxy.trap({ request: /commit/, action: "cut" });
  const { socket, received } = await connectClient();
  socket.write("begin;");
  await eventually(() => received.text === "begin;");

  socket.write("commit;");

  await trap.triggered;
  await eventually(() => received.error === "ECONNRESET");
  expect(received.text).toBe("begin;");
  const next = await connectClient();
  next.socket.write("commit;");
  await eventually(() => next.received.text === "commit;");
});

test("a proxy trap with the action “silence” drops the response and leaves the connection open", async () => {
  const trap = proxy.trap({ request: /commit/, action: "silence" });
  const { socket, received } = await connectClient();

  socket.write("commit;");

  await trap.triggered;
  expect(received).toEqual({ text: "", error: "", ended: false });
});

test("a proxy that has refused connections can listen again on the same port", async () => {
  const { port } = proxy;
  await proxy.refuse();
  await expect(connectClient()).rejects.toMatchObject({ code: "ECONNREFUSED" });

  await proxy.accept();

  expect(proxy.port).toBe(port);
  const { socket, received } = await connectClient();
  socket.write("again");
  await eventually(() => received.text === "again");
});

test("a proxy cuts a connection that has been idle for `idleCutMs`", async () => {
  proxy.setFaults({ idleCutMs: 60 });
  const { socket, received } = await connectClient();
  socket.write("a");

  await eventually(() => received.error === "ECONNRESET");
  expect(received.text).toBe("a");
});

test("a proxy can inject different faults into each connection", async () => {
  proxy.setFaults((connection) => (connection === 0 ? { toClient: { blackHole: true } } : {}));
  const silent = await connectClient();
  const healthy = await connectClient();

  silent.socket.write("a");
  healthy.socket.write("a");

  await eventually(() => healthy.received.text === "a");
  expect(silent.received.text).toBe("");
});
