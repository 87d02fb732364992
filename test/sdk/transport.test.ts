import { createServer, type RequestListener } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { JoblibClient } from "../../sdk/client.ts";
import {
  ConnectionError,
  DeadlineError,
  GatewayError,
  ProblemError,
  ProtocolError,
} from "../../sdk/errors.ts";
import { QUICK } from "./network.ts";

/** A server that answers as it likes, and the error of one read from it; over a socket, with undici's own fetch. */
const ask = async (listener: RequestListener, options: { timeoutSeconds?: number; retry?: boolean } = {}) => {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = new JoblibClient({ url: `http://127.0.0.1:${address.port}`, token: "secret", retry: QUICK });
  return client
    .call("readTask", { params: { task_id: "some" } }, { retry: false, ...options })
    .catch((error: unknown) => error);
};

const json =
  (status: number, body: unknown, type = "application/json"): RequestListener =>
  (_, response) =>
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));

const problem = (type: string, status: number) => ({ type, title: "T", status, detail: "D" });

describe("a server that is not what it should be", () => {
  test("HTML is never a task, whatever its status", async () => {
    const html: RequestListener = (_, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Log in to the hotel's network");

    await expect(ask(html)).resolves.toBeInstanceOf(ProtocolError);
  });

  test("a redirect is not followed, and the token stays", async () => {
    let stolen = 0;
    const thief = createServer((_, response) => {
      stolen += 1;
      response.end();
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void thief.close());
    await new Promise((resolve) => thief.once("listening", resolve));
    const address = thief.address();
    const port = typeof address === "object" ? address?.port : undefined;

    const error = await ask((_, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end(),
    );

    expect(error).toBeInstanceOf(ProtocolError);
    expect(String(error)).toMatch(/redirects to/);
    expect(stolen).toBe(0);
  });

  test("an endless answer is left after 16 MiB", async () => {
    const chunk = "x".repeat(65_536);
    const endless: RequestListener = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = () => {
        while (response.write(chunk));
      };
      response.on("drain", more);
      more();
    };

    await expect(ask(endless)).resolves.toBeInstanceOf(ProtocolError);
  });

  test("an answer that is cut is no answer, and is asked for again", async () => {
    let asked = 0;
    const cut: RequestListener = (_, response) => {
      asked += 1;
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write("{", () => response.destroy());
    };

    await expect(ask(cut, { retry: true })).resolves.toBeInstanceOf(ConnectionError);
    expect(asked).toBe(4);
  });

  test("silence ends at the deadline", async () => {
    await expect(ask(() => {}, { timeoutSeconds: 0.05 })).resolves.toBeInstanceOf(DeadlineError);
  });

  test("a body that stops half way ends at the deadline, too", async () => {
    const half: RequestListener = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write("{");
    };

    await expect(ask(half, { timeoutSeconds: 0.1 })).resolves.toBeInstanceOf(DeadlineError);
  });

  test("JSON that is broken, or of another shape, or of another status is out of contract", async () => {
    const broken: RequestListener = (_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end("{nope");

    await expect(ask(broken)).resolves.toBeInstanceOf(ProtocolError);
    await expect(ask(json(200, { id: 7 }))).resolves.toBeInstanceOf(ProtocolError);
    await expect(ask(json(201, {}))).resolves.toBeInstanceOf(ProtocolError);
    await expect(ask(json(404, { message: "Route GET:/ not found" }))).resolves.toBeInstanceOf(ProtocolError);
  });

  test("a gateway's own trouble is told from joblib's", async () => {
    const gateway: RequestListener = (_, response) =>
      response.writeHead(502, { "content-type": "text/html", "retry-after": "7" }).end("<h1>Bad Gateway");

    const error = await ask(gateway);

    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ status: 502, retryAfter: 7 });
  });

  test("the slug decides the class, and an unknown one is a problem still", async () => {
    const known = await ask(
      json(409, problem("https://there/x/v1/problems/task-lost", 409), "application/problem+json"),
    );
    const unknown = await ask(json(404, problem("/v1/problems/brand-new", 404), "application/problem+json"));

    expect(known).toMatchObject({ name: "TaskLostError", id: "task-lost" });
    expect(unknown).toMatchObject({ name: "ProblemError", id: "brand-new", status: 404 });
    expect(unknown).toBeInstanceOf(ProblemError);
  });

  test("nobody there is said so", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const client = new JoblibClient({ url: `http://127.0.0.1:${port}`, retry: QUICK });

    await expect(client.call("listProblems", {})).rejects.toThrow(
      /no answer from http:\/\/127.*ECONNREFUSED/,
    );
  });
});
