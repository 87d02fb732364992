import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import * as z from "zod";
import { type Operation, operations } from "../../protocol/index.ts";
import { RecordedExchange, readPointer, replaceAll } from "./exchanges.ts";
import { findOperation, Problem, ZNDRAW_OPERATIONS } from "./responses.ts";
import { AUTHS, serveForZnDraw } from "./servers.ts";

/** The requests that ZnDraw's unmodified client sent in `client.test.ts`. */
const RECORDING = z
  .array(RecordedExchange)
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "requests.json"), "utf8")));

interface ReceivedResponse {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

const send = async (
  server: { url: string; token: string },
  { method, path, headers, body }: Pick<RecordedExchange, "method" | "path" | "headers" | "body">,
): Promise<ReceivedResponse> => {
  const authorization = server.token === "" ? {} : { authorization: `Bearer ${server.token}` };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL(path, server.url), { method, headers: { ...headers, ...authorization } }, resolve)
      .on("error", reject)
      .end(body);
  });
  const content = await text(response);
  return {
    status: response.statusCode ?? 0,
    type: response.headers["content-type"] ?? "",
    body: content === "" ? null : JSON.parse(content),
  };
};

/** Checks the parts of a response that ZnDraw's client reads. */
const expectReadable = (sent: RecordedExchange, response: ReceivedResponse): void => {
  const what = `${sent.method} ${sent.path}`;
  if (response.status >= 400) {
    expect(response.type, what).toContain("application/problem+json");
    expect(Problem.safeParse(response.body).error, what).toBeUndefined();
    return;
  }
  const operation = findOperation(sent.method, sent.path);
  expect(operation?.status, what).toContain(response.status);
  expect(operation?.response?.safeParse(response.body).error, what).toBeUndefined();
};

test.each(AUTHS)("a server with %s auth returns valid responses to all requests of ZnDraw's client", {
  timeout: 60_000,
}, async (auth) => {
  await using server = await serveForZnDraw(auth);
  const ids = new Map<string, string>();

  for (const sent of RECORDING) {
    const [path, body] = [replaceAll(sent.path, ids), replaceAll(sent.body, ids)];
    const response = await send(server, { ...sent, path, body });
    for (const [name, pointer] of Object.entries(sent.ids)) {
      ids.set(name, z.guid().parse(readPointer(response.body, pointer)));
    }

    expect(response.status, `${sent.method} ${sent.path} ${sent.body}`).toBe(sent.status);
    expectReadable(sent, response);
  }
});

test.each(ZNDRAW_OPERATIONS)("$method $path of ZnDraw's API is an operation of joblib", ({
  method,
  path,
  status,
}) => {
  const entry = Object.values<Operation>(operations).find((it) => it.method === method && it.path === path);

  expect(Object.keys(entry?.responses ?? {}).map(Number)).toEqual(expect.arrayContaining([...status]));
});

test("the recording of ZnDraw's client contains a successful request for every operation of ZnDraw's API", () => {
  const successful = RECORDING.filter(({ status }) => status < 400);
  const recorded = successful.map(({ method, path }) => findOperation(method, path));

  expect(new Set(recorded.map((entry) => `${entry?.method} ${entry?.path}`))).toEqual(
    new Set(ZNDRAW_OPERATIONS.map(({ method, path }) => `${method} ${path}`)),
  );
});

test("the recorded registrations of ZnDraw's client contain the member schema_ instead of schema", () => {
  const registrations = RECORDING.filter(({ method, path }) => method === "PUT" && path.endsWith("/jobs"));

  expect(registrations.length).toBeGreaterThan(0);
  for (const { body } of registrations) {
    expect(JSON.parse(body)).toHaveProperty("schema_");
    expect(JSON.parse(body)).not.toHaveProperty("schema");
  }
});
