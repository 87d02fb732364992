import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { spawnProcess } from "../support/processes.ts";
import { startFakeApi } from "./fake-api.ts";
import { aCompletedTask, TASK_ID } from "./wire-values.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const LIST_MODULES = fileURLToPath(new URL("./files/list-modules.ts", import.meta.url));
/** Matches the URLs of modules that take long to load and that most commands do not need. */
const SLOW_TO_LOAD = /\/server\/|mikro-orm|pglite|\/fastify\/|\/msw\/|\/ioredis\/|\/tsx\/|\/ora\//;

const listModules = async (...argv: string[]): Promise<string[]> => {
  const child = spawnProcess(process.execPath, ["--import", LIST_MODULES, MAIN, ...argv], {
    env: { JOBLIB_URL: undefined, JOBLIB_TOKEN: undefined, JOBLIB_ROOM: undefined },
  });
  expect(await child.exit).toMatchObject({ code: 0 });
  return child
    .stderr()
    .split("\n")
    .filter((line) => line.startsWith("loaded "));
};

describe("processes", () => {
  test("the `joblib` process loads neither the client nor the server nor zod for --help", async () => {
    const modules = await listModules("--help");

    expect(modules.length).toBeGreaterThan(10);
    expect(modules.filter((url) => SLOW_TO_LOAD.test(url) || /\/undici\/|\/sdk\/|\/zod\//.test(url))).toEqual(
      [],
    );
  });

  test("the `joblib` process loads no server, ORM, msw, tsx or spinner for a client command", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: aCompletedTask() }));

    const modules = await listModules("tasks", "status", TASK_ID, "--url", api.url);

    expect(modules.filter((url) => SLOW_TO_LOAD.test(url))).toEqual([]);
    expect(modules.some((url) => url.endsWith("/sdk/http/client.ts"))).toBe(true);
  });

  test("the `joblib` process succeeds if the reader of the output closes the pipe", async () => {
    const child = spawnProcess("/bin/sh", ["-c", `"${process.execPath}" "${MAIN}" --help | head -n 1`]);

    expect(await child.exit).toMatchObject({ code: 0 });
    expect(child.stdout()).toBe("Usage: joblib [options] [command]\n");
    expect(child.stderr()).toBe("");
  });

  test("the `joblib` process exits with 130 if Ctrl-C interrupts a wait", async () => {
    await using api = await startFakeApi(({ headers }) =>
      headers["if-none-match"] === undefined
        ? {
            status: 200,
            body: aCompletedTask({ status: "running", completed_at: null }),
            headers: { etag: 'W/"1"' },
          }
        : new Promise(() => {}),
    );
    const child = spawnProcess(process.execPath, [
      MAIN,
      "tasks",
      "status",
      TASK_ID,
      "--wait",
      "--url",
      api.url,
    ]);
    while (!api.received.some(({ headers }) => headers["if-none-match"] !== undefined)) {
      await new Promise((resolve) => setImmediate(resolve));
    }

    child.kill("SIGINT");

    expect(await child.exit).toMatchObject({ code: 130 });
    expect(child.stderr()).toBe("joblib: interrupted\n");
  });
});
