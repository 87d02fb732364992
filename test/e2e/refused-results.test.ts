import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Extension, JoblibClient, JobManager, type RunContext } from "../../sdk/index.ts";
import { createServer, parseSettings } from "../../server/index.ts";

/** The smallest `body_limit` that a server accepts, in bytes. */
const BODY_LIMIT = 1024;

const nested = (depth: number): unknown => {
  let value: unknown = 0;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
};

/** Results and errors that a server cannot store, and the error that the task then has. */
const WORK: Readonly<Record<string, readonly [run: () => unknown, error: RegExp]>> = {
  nan: [() => ({ energy: Number.NaN }), /"energy" is NaN/],
  bigint: [() => 2n ** 70n, /is a bigint/],
  circle: [
    () => {
      const items: unknown[] = [];
      items.push(items);
      return items;
    },
    /circular/,
  ],
  nul: [() => "a\u0000b", /U\+0000/],
  surrogate: [() => ["\ud800"], /surrogate/],
  proto: [() => JSON.parse('{"__proto__": 1}'), /__proto__/],
  deep: [() => nested(200), /nested|is invalid/],
  deeper: [() => nested(50_000), /cannot be stored/],
  large: [() => "x".repeat(5_000), /PayloadTooLargeError/],
  error: [
    () => {
      throw new Error(`disk full ${"x".repeat(100_000)}`);
    },
    /^disk full x+… \(truncated\)$/,
  ],
  // JSON escapes each character of this text with six characters.
  control: [
    () => {
      throw new Error("\u0001".repeat(10_000));
    },
    /truncated/,
  ],
};

class Work extends Extension("tests") {
  async run(_: unknown, { task, progress, log }: RunContext) {
    progress(0.5, "\u0000 \ud800");
    log.info("x".repeat(3_000));
    return WORK[String(task.payload["kind"])]?.[0]();
  }
}

let app: Awaited<ReturnType<typeof createServer>>;
let url = "";
beforeAll(async () => {
  const settings = parseSettings({}, { data_dir: "memory://", log_level: "silent", body_limit: BODY_LIMIT });
  app = await createServer({ settings });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const address = app.server.address() as AddressInfo;
  url = `http://127.0.0.1:${address.port}`;
});
afterAll(() => app.close());

test("a task whose result or error a server cannot store fails with the reason, and the worker continues", async () => {
  const client = new JoblibClient({ url });
  const stop = new AbortController();
  await using jobs = new JobManager({ url, room: "lab" });
  jobs.register(Work);
  await jobs.ready();
  const running = jobs.run({ concurrency: 4, signal: stop.signal });
  const ids = await Promise.all(
    Object.keys(WORK).map(async (kind) => {
      const params = { room_id: "lab", job_name: "private:tests:Work" };
      return (await client.call("submitTask", { params, body: { payload: { kind } } })).body.id;
    }),
  );

  const tasks = await Promise.all(ids.map((id) => client.awaitTask(id, { wait: 30 })));

  stop.abort();
  await running;
  expect(tasks.map(({ status, attempt }) => ({ status, attempt }))).toEqual(
    tasks.map(() => ({ status: "failed", attempt: 1 })),
  );
  Object.values(WORK).forEach(([, error], index) => {
    expect(tasks[index]?.error, String(tasks[index]?.payload["kind"])).toMatch(error);
  });
});
