import { createServer, type RequestListener } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  ConnectionError,
  DeadlineError,
  GatewayError,
  ProblemError,
  ProtocolError,
} from "../../../sdk/errors.ts";
import { JoblibClient } from "../../../sdk/http/client.ts";
import { SHORT_RETRY_DELAYS } from "../network.ts";

/**
 * Starts a server with a request listener, and returns the error of a call to this server. The call
 * uses undici and a real socket.
 */
const getError = async (
  listener: RequestListener,
  options: { timeoutSeconds?: number; retry?: boolean } = {},
) => {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = new JoblibClient({
    url: `http://127.0.0.1:${address.port}`,
    token: "secret",
    retry: SHORT_RETRY_DELAYS,
  });
  return client
    .call("readTask", { params: { task_id: "some" } }, { retry: false, ...options })
    .catch((error: unknown) => error);
};

const json =
  (status: number, body: unknown, type = "application/json"): RequestListener =>
  (_, response) =>
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));

const problem = (type: string, status: number) => ({ type, title: "T", status, detail: "D" });

describe("a call to an unexpected server", () => {
  test("JoblibClient.call rejects HTML with any status", async () => {
    const html: RequestListener = (_, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Log in to the hotel's network");

    await expect(getError(html)).resolves.toBeInstanceOf(ProtocolError);
  });

  test("JoblibClient.call does not follow a redirect, so that another server does not get the token", async () => {
    let redirected = 0;
    const target = createServer((_, response) => {
      redirected += 1;
      response.end();
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void target.close());
    await new Promise((resolve) => target.once("listening", resolve));
    const address = target.address();
    const port = typeof address === "object" ? address?.port : undefined;

    const error = await getError((_, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end(),
    );

    expect(error).toBeInstanceOf(ProtocolError);
    expect(String(error)).toMatch(/redirects to/);
    expect(redirected).toBe(0);
  });

  test("JoblibClient.call stops reading a response at 16 MiB", async () => {
    const chunk = "x".repeat(65_536);
    const endless: RequestListener = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const writeMore = () => {
        while (response.write(chunk));
      };
      response.on("drain", writeMore);
      writeMore();
    };

    await expect(getError(endless)).resolves.toBeInstanceOf(ProtocolError);
  });

  test("JoblibClient.call retries a response that was cut off", async () => {
    let requests = 0;
    const cut: RequestListener = (_, response) => {
      requests += 1;
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write("{", () => response.destroy());
    };

    await expect(getError(cut, { retry: true })).resolves.toBeInstanceOf(ConnectionError);
    expect(requests).toBe(4);
  });

  test("JoblibClient.call rejects at the deadline if there is no response", async () => {
    await expect(getError(() => {}, { timeoutSeconds: 0.05 })).resolves.toBeInstanceOf(DeadlineError);
  });

  test("JoblibClient.call rejects at the deadline if the body stops", async () => {
    const half: RequestListener = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write("{");
    };

    await expect(getError(half, { timeoutSeconds: 0.1 })).resolves.toBeInstanceOf(DeadlineError);
  });

  test("JoblibClient.call throws a ProtocolError if the response is invalid JSON or has an unexpected shape or status", async () => {
    const broken: RequestListener = (_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end("{nope");

    await expect(getError(broken)).resolves.toBeInstanceOf(ProtocolError);
    await expect(getError(json(200, { id: 7 }))).resolves.toBeInstanceOf(ProtocolError);
    await expect(getError(json(201, {}))).resolves.toBeInstanceOf(ProtocolError);
    await expect(getError(json(404, { message: "Route GET:/ not found" }))).resolves.toBeInstanceOf(
      ProtocolError,
    );
  });

  test("JoblibClient.call distinguishes an error of a gateway from an error of joblib", async () => {
    const gateway: RequestListener = (_, response) =>
      response.writeHead(502, { "content-type": "text/html", "retry-after": "7" }).end("<h1>Bad Gateway");

    const error = await getError(gateway);

    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ status: 502, retryAfter: 7 });
  });

  test.each([
    ["an empty body", ""],
    ["invalid JSON", "Service Unavailable"],
  ])("JoblibClient.call retries the call and throws a GatewayError if a gateway sends %s with the media type JSON", async (_name, body) => {
    let requests = 0;
    const gateway: RequestListener = (_, response) => {
      requests += 1;
      response.writeHead(503, { "content-type": "application/json" }).end(body);
    };

    const error = await getError(gateway, { retry: true });

    expect(error).toBeInstanceOf(GatewayError);
    expect(requests).toBe(4);
  });

  test("JoblibClient.call throws an error of the class for the problem id, and a ProblemError for an unknown id", async () => {
    const known = await getError(
      json(409, problem("https://there/x/v1/problems/task-lost", 409), "application/problem+json"),
    );
    const unknown = await getError(
      json(404, problem("/v1/problems/brand-new", 404), "application/problem+json"),
    );

    expect(known).toMatchObject({ name: "TaskLostError", id: "task-lost" });
    expect(unknown).toMatchObject({ name: "ProblemError", id: "brand-new", status: 404 });
    expect(unknown).toBeInstanceOf(ProblemError);
  });

  test("JoblibClient.call reports a refused connection", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const client = new JoblibClient({ url: `http://127.0.0.1:${port}`, retry: SHORT_RETRY_DELAYS });

    await expect(client.call("listProblems", {})).rejects.toThrow(
      /no response from http:\/\/127.*ECONNREFUSED/,
    );
  });

  test("JoblibClient.call reports that a server does not use TLS if the URL begins with https", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const client = new JoblibClient({ url: `https://127.0.0.1:${port}`, retry: SHORT_RETRY_DELAYS });

    await expect(client.call("listProblems", {})).rejects.toThrow(
      /no response from https:.*: the server does not use TLS; the URL must begin with http:\/\/$/,
    );
  });
});
