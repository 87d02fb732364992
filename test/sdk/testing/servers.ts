import { setupServer } from "msw/node";
import type { JsonObject, Task } from "../../../protocol/index.ts";
import { JoblibClient } from "../../../sdk/http/client.ts";
import { createFakeServer } from "../../../sdk/testing/index.ts";
import { parseSettings } from "../../../server/settings/settings.ts";
import { createServer } from "../../../server/standalone.ts";

/** A server that a conformance test uses. */
interface Connection {
  readonly client: JoblibClient;
  readonly url: string;
  close(): unknown;
}

export const JOB = "private:tests:Echo";

/** Starts a fake server. */
export async function connectToFake(): Promise<Connection> {
  const url = "http://fake.test";
  const network = setupServer(...createFakeServer({ url }).handlers);
  network.listen({ onUnhandledFrame: "error" });
  return { client: connect(url), url, close: () => network.close() };
}

/** Starts `joblib serve`, by default with a database in memory. */
export async function connectToServer(options: Readonly<Record<string, string>> = {}): Promise<Connection> {
  const settings = parseSettings({}, { log_level: "silent", data_dir: "memory://", ...options });
  const server = await createServer({ settings });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return { client: connect(url), url, close: () => server.close() };
}

/** Registers a job and returns the id of its worker. */
export async function createWorker(client: JoblibClient, room: string): Promise<string> {
  const { id } = await client.workers.create();
  await client.jobs.register(room, {
    category: "tests",
    name: "Echo",
    schema: { type: "object" },
    worker_id: id,
  });
  return id;
}

/** Submits, claims and starts a task, and returns the task. */
export async function startTask(
  client: JoblibClient,
  { room, worker, ...submission }: JsonObject & { readonly room: string; readonly worker: string },
): Promise<Task> {
  await client.tasks.submit(room, JOB, submission);
  const { tasks } = await client.workers.claim(worker, { limit: 1, start: true });
  const [task] = tasks;
  if (task === undefined) throw new Error("no task was claimed");
  return task;
}

function connect(url: string): JoblibClient {
  return new JoblibClient({ url, fetch: globalThis.fetch, retry: { attempts: 1 } });
}

/** The servers that must pass the same tests. */
export const SERVERS: readonly (readonly [name: string, connect: () => Promise<Connection>])[] = [
  ["the fake server", connectToFake],
  ["`joblib serve`", connectToServer],
];
