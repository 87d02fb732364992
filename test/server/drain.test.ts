import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { createServer, parseSettings } from "../../server/index.ts";

const settings = parseSettings({}, { log_level: "silent", data_dir: "memory://", port: 0 });

/** Sends a request over a keep-alive connection. */
const send = (url: string, agent: Agent, init: { method?: string; prefer?: string; body?: object } = {}) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const headers = { "content-type": "application/json", ...(init.prefer && { prefer: init.prefer }) };
    const outgoing = request(url, { agent, method: init.method ?? "GET", headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    outgoing.on("error", reject).end(init.body === undefined ? undefined : JSON.stringify(init.body));
  });

test("a closing server responds to its long polls and does not wait for keep-alive connections", async () => {
  const app = await createServer({ settings });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true });
  const jobs = `${url}/v1/joblib/rooms/lab/jobs`;
  const registration = { category: "c", name: "n", schema: { type: "object" } };
  const job = await send(jobs, agent, { method: "PUT", body: registration });
  const worker_id = JSON.parse(job.body).worker_id;
  const claim = { method: "POST", prefer: "wait=20", body: { worker_id } };
  const received = once(app.server, "request");
  const waiting = send(`${url}/v1/joblib/tasks/claim`, agent, claim);
  await received;

  const closing = app.close();

  expect(await waiting).toMatchObject({ status: 200 });
  await closing;
  agent.destroy();
}, 60_000);

test("a closing server responds to new requests with 503 and Retry-After", async () => {
  const app = await createServer({ settings });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  // The server cannot close while this incomplete request is open, so another connection can send a
  // new request.
  const halfRequest = connect(Number(new URL(url).port), "127.0.0.1");
  halfRequest.write(
    "POST /v1/joblib/workers HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{",
  );
  await once(app.server, "request");
  const connection = connect(Number(new URL(url).port), "127.0.0.1");
  const get = "GET /v1/joblib/workers HTTP/1.1\r\nhost: a\r\n\r\n";
  // The closing server closes idle connections. After one received byte, this connection is not
  // idle.
  connection.write(get.slice(0, 1));
  await once(app.server, "connection");

  const closing = app.close();
  await new Promise(setImmediate);
  connection.write(get.slice(1));
  const [response] = await once(connection, "data");

  expect(String(response)).toMatch(/^HTTP\/1\.1 503 /);
  expect(String(response)).toMatch(/content-type: application\/problem\+json/i);
  expect(String(response)).toMatch(/retry-after: 1/i);
  halfRequest.end("}");
  await closing;
}, 60_000);
