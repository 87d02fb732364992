import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { TcpProxy } from "./tcp-proxy.ts";

let echo: Server;
let proxy: TcpProxy;
let reached = "";
const opened: Socket[] = [];

beforeEach(async () => {
  reached = "";
  echo = createServer((socket) => {
    socket.on("data", (chunk) => {
      reached += chunk;
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

/** A client, and what it has heard and suffered so far. */
const dial = async () => {
  const socket = connect(proxy.port, "127.0.0.1").setEncoding("utf8");
  const heard = { text: "", error: "", ended: false };
  opened.push(socket);
  socket.on("data", (text: string) => {
    heard.text += text;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    heard.error = error.code ?? "";
  });
  socket.on("end", () => {
    heard.ended = true;
  });
  await once(socket, "connect");
  return { socket, heard };
};

test("without a program everything passes, and an end is an end", async () => {
  const { socket, heard } = await dial();
  socket.write("hello");
  await eventually(() => heard.text === "hello");

  socket.end();

  await eventually(() => heard.ended && proxy.size === 0);
  expect(heard.error).toBe("");
});

test("a delay holds for its direction, and nothing is overtaken", async () => {
  const delays = [120, 0, 60];
  proxy.program({ toServer: { delayMs: () => delays.shift() ?? 0 } });
  const { socket, heard } = await dial();
  const began = performance.now();

  for (const piece of ["a", "b", "c"]) {
    socket.write(piece);
    await new Promise(setImmediate);
  }

  await eventually(() => heard.text.length === 3);
  expect(heard.text).toBe("abc");
  expect(performance.now() - began).toBeGreaterThan(100);
});

test("a throttle lets so many bytes through in a second", async () => {
  proxy.program({ toClient: { bytesPerSecond: 10_000 } });
  const { socket, heard } = await dial();
  const began = performance.now();

  socket.write("x".repeat(2000));

  await eventually(() => heard.text.length === 2000);
  expect(performance.now() - began).toBeGreaterThan(150);
});

test("after so many bytes the connection is cut", async () => {
  proxy.program({ toClient: { cutAfterBytes: 4 } });
  const { socket, heard } = await dial();

  socket.write("abcdefgh");

  await eventually(() => heard.error === "ECONNRESET");
  expect("abcd".startsWith(heard.text)).toBe(true);
});

test("a black hole swallows one direction, and heals", async () => {
  const { socket, heard } = await dial();
  proxy.program({ toClient: { blackHole: true } });
  socket.write("lost");
  await eventually(() => reached === "lost");
  expect(heard.text).toBe("");
  proxy.heal();

  socket.write("!");

  await eventually(() => heard.text !== "");
  expect(heard).toMatchObject({ text: "!", error: "" });
});

test("behind a black hole nobody learns that the other end has gone", async () => {
  const { socket, heard } = await dial();
  socket.write("a");
  await eventually(() => heard.text === "a");
  proxy.program({ toClient: { blackHole: true }, toServer: { blackHole: true } });
  const watcher = await dial();

  socket.destroy();

  await expect(eventually(() => proxy.size < 2, Boolean, { timeoutMs: 100 })).rejects.toThrow();
  expect(watcher.heard).toMatchObject({ ended: false, error: "" });
});

test("a trap lets its request through and swallows the answer, once", async () => {
  const trap = proxy.trap({ request: /commit/, fate: "cut" });
  const { socket, heard } = await dial();
  socket.write("begin;");
  await eventually(() => heard.text === "begin;");

  socket.write("commit;");

  await trap.sprung;
  await eventually(() => heard.error === "ECONNRESET");
  expect(heard.text).toBe("begin;");
  const next = await dial();
  next.socket.write("commit;");
  await eventually(() => next.heard.text === "commit;");
});

test("a trap that holds leaves the connection open and silent", async () => {
  const trap = proxy.trap({ request: /commit/, fate: "hold" });
  const { socket, heard } = await dial();

  socket.write("commit;");

  await trap.sprung;
  expect(heard).toEqual({ text: "", error: "", ended: false });
});

test("a proxy that refuses can listen again on its port", async () => {
  const { port } = proxy;
  await proxy.refuse();
  await expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });

  await proxy.accept();

  expect(proxy.port).toBe(port);
  const { socket, heard } = await dial();
  socket.write("again");
  await eventually(() => heard.text === "again");
});

test("a silent connection is cut, a busy one is not", async () => {
  proxy.program({ idleCutMs: 60 });
  const { socket, heard } = await dial();
  socket.write("a");

  await eventually(() => heard.error === "ECONNRESET");
  expect(heard.text).toBe("a");
});

test("each connection can have a program of its own", async () => {
  proxy.program((connection) => (connection === 0 ? { toClient: { blackHole: true } } : {}));
  const deaf = await dial();
  const well = await dial();

  deaf.socket.write("a");
  well.socket.write("a");

  await eventually(() => well.heard.text === "a");
  expect(deaf.heard.text).toBe("");
});
