import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { JoblibClient } from "../../sdk/index.ts";
import { spawnInContainer } from "../support/container.ts";
import type { SpawnedProcess } from "../support/processes.ts";
import { BIN, createTerminal } from "./terminals.ts";

const START_TIMEOUT_MS = 120_000;
const LISTENING_LINE = /is listening at (http:\/\/127\.0\.0\.1:\d+)/;

const serve = (dataDir: string): SpawnedProcess =>
  spawnInContainer(process.execPath, [BIN, "serve", "--port", "0", "--data-dir", dataDir], createTerminal());

/** Starts a server in a container that has the data directory mounted at another path. */
const serveMounted = (dataDir: string, mountPoint: string): SpawnedProcess =>
  spawnInContainer(
    "sh",
    [
      "-c",
      'mount --bind "$1" "$2" && exec "$3" "$4" serve --port 0 --data-dir "$2"',
      ...["sh", dataDir, mountPoint, process.execPath, BIN],
    ],
    createTerminal(),
  );

const submit = async (client: JoblibClient, count: number): Promise<string[]> => {
  const params = { room_id: "lab", job_name: "private:demo:Work" };
  await client.call("registerJob", {
    params: { room_id: "lab" },
    body: {
      category: "demo",
      name: "Work",
      schema: {},
      worker_id: (await client.call("createWorker", { body: {} })).body.id,
    },
  });
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    ids.push((await client.call("submitTask", { params, body: {} })).body.id);
  }
  return ids;
};

test.runIf(process.platform === "linux")(
  "only one of two servers in containers can use a data directory, the other server exits with code 2, and no task is lost",
  async () => {
    const root = mkdtempSync(join(tmpdir(), "joblib-containers-"));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const dataDir = join(root, "data");
    const mountPoint = join(root, "mounted");
    mkdirSync(mountPoint);

    const both = [serve(dataDir), serve(dataDir)];
    const loser = await Promise.race(both.map((one) => one.exit.then(() => one)));
    const winner = both.find((one) => one !== loser);
    expect((await loser.exit).code).toBe(2);
    expect(loser.stderr()).toMatch(
      /^joblib: The data directory .*data is in use by .*\. Stop that server, or/m,
    );
    const [, url = ""] = (await winner?.waitForLine(LISTENING_LINE, START_TIMEOUT_MS)) ?? [];
    const ids = await submit(new JoblibClient({ url }), 20);

    const mounted = serveMounted(dataDir, mountPoint);
    expect((await mounted.exit).code).toBe(2);
    expect(mounted.stderr()).toContain(`The data directory ${mountPoint} is in use by process 1`);

    winner?.kill("SIGKILL");
    await winner?.exit;
    const next = serve(dataDir);
    const [, nextUrl = ""] = await next.waitForLine(LISTENING_LINE, START_TIMEOUT_MS);
    const client = new JoblibClient({ url: nextUrl });
    for (const task_id of ids) {
      expect((await client.call("readTask", { params: { task_id } })).body).toMatchObject({ id: task_id });
    }
    next.kill("SIGKILL");
    await next.exit;
  },
  2 * START_TIMEOUT_MS,
);
