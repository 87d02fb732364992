import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { createServer, parseSettings } from "../../server/index.ts";

const settings = parseSettings({}, { log_level: "silent", data_dir: "memory://", port: 0 });

/** One request over a connection that is kept. */
const ask = (url: string, agent: Agent, init: { method?: string; prefer?: string; body?: object } = {}) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const headers = { "content-type": "application/json", ...(init.prefer && { prefer: init.prefer }) };
    const asked = request(url, { agent, method: init.method ?? "GET", headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      answer.on("end", () => resolve({ status: answer.statusCode, body }));
    });
    asked.on("error", reject).end(init.body === undefined ? undefined : JSON.stringify(init.body));
  });

test("a server that closes answers who waits, and does not wait for the kept connection", async () => {
  const app = await createServer({ settings });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true });
  const jobs = `${url}/v1/joblib/rooms/lab/jobs`;
  const registration = { category: "c", name: "n", schema: { type: "object" } };
  const job = await ask(jobs, agent, { method: "PUT", body: registration });
  const worker_id = JSON.parse(job.body).worker_id;
  const claim = { method: "POST", prefer: "wait=20", body: { worker_id } };
  const received = once(app.server, "request");
  const waiting = ask(`${url}/v1/joblib/tasks/claim`, agent, claim);
  await received;

  const closing = app.close();

  expect(await waiting).toMatchObject({ status: 200 });
  await closing;
  agent.destroy();
}, 60_000);

test("a request that comes while a server closes is told to come again, as a problem", async () => {
  const app = await createServer({ settings });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  // Half a request keeps the server from being closed, and a connection that is kept brings the other.
  const half = connect(Number(new URL(url).port), "127.0.0.1");
  half.write(
    "POST /v1/joblib/workers HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{",
  );
  await once(app.server, "request");
  const kept = connect(Number(new URL(url).port), "127.0.0.1");
  const get = "GET /v1/joblib/workers HTTP/1.1\r\nhost: a\r\n\r\n";
  // One byte of it is there: such a connection is not idle, and not closed.
  kept.write(get.slice(0, 1));
  await once(app.server, "connection");

  const closing = app.close();
  await new Promise(setImmediate);
  kept.write(get.slice(1));
  const [answer] = await once(kept, "data");

  expect(String(answer)).toMatch(/^HTTP\/1\.1 503 /);
  expect(String(answer)).toMatch(/content-type: application\/problem\+json/i);
  expect(String(answer)).toMatch(/retry-after: 1/i);
  half.end("}");
  await closing;
}, 60_000);
