import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../clients/client.ts";
import { ManualWorker } from "../clients/manual-worker.ts";
import { submit, submitWithRetry } from "../clients/submitter.ts";
import { SETTINGS } from "../cluster/cluster.ts";
import { ROOT, runJoblib, ServerProcess } from "../cluster/server-process.ts";
import type { Tables } from "../cluster/tables.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";

const KILLS = 2;
const SUBMITTERS = 3;

/** Reads the tasks through the server's API, because no other process may open the embedded database. */
const listTasks = async (client: Client): Promise<Tables> => {
  const tasks: Tables["tasks"][number][] = [];
  for (let after: string | undefined; ; ) {
    const listed = await client.callWithRetry({
      f: "list",
      name: "listRoomTasks",
      request: {
        params: { room_id: client.room },
        query: { limit: 100, ...(after !== undefined && { after }) },
      },
    });
    if (listed.outcome !== "ok") throw new Error(`listing the tasks failed: ${listed.problem}`);
    const { items } = listed.body;
    for (const { payload, ...task } of items) tasks.push({ ...task, payload: { ...payload } });
    after = items.at(-1)?.id;
    if (after === undefined) return { tasks, steps: [], endedWorkers: [] };
  }
};

/** Submits from several clients until the server is killed at a random moment, then restarts it. */
const killUnderSubmits = async (
  context: CaseContext,
  { server, client }: Embedded,
  kill: number,
): Promise<void> => {
  let hasEnded = false;
  const submitting = Array.from({ length: SUBMITTERS }, async (_, index) => {
    for (let count = 0; !hasEnded; count += 1) await submit(client, { token: `${kill}-${index}-${count}` });
  });
  await context.pause(context.random.between(500, 1500));
  hasEnded = true;
  await server.stop("SIGKILL");
  context.fault("server with an embedded database killed");
  await Promise.all(submitting);
  await server.start();
};

interface Embedded {
  readonly server: ServerProcess;
  readonly client: Client;
}

/** The server of an embedded database is killed during writes; a second server on the same directory is refused. */
export const killedEmbedded: FaultCase = {
  name: "F34 embedded database killed",
  invariants: ["I1"],
  // The embedded database takes seconds to open, and tens of seconds on a busy machine.
  seconds: 180,
  async run(context) {
    const directory = mkdtempSync(join(tmpdir(), "joblib-embedded-"));
    context.use({ [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }) });
    const env = {
      ...{ ...SETTINGS, JOBLIB_WORKER_TIMEOUT_THRESHOLD: "60" },
      ...{ JOBLIB_DATABASE_URL: undefined, JOBLIB_REDIS_URL: undefined, JOBLIB_DATA_DIR: directory },
    };
    const server = context.use(await ServerProcess.start({ name: "embedded", env, root: ROOT }));
    const client = context.client("client", { urls: [server.url] });
    const manualWorker = await ManualWorker.create(client);

    const second = runJoblib(ROOT, ["serve", "--port", "0"], env);
    const { code } = await second.exit;
    const isRefused = code !== 0 && second.stderr().includes(`in use by process ${server.pid}`);
    context.require(
      isRefused,
      "I1",
      `a second server on the directory exited with ${code}: ${second.stderr()}`,
    );

    for (let kill = 0; kill < KILLS; kill += 1) await killUnderSubmits(context, { server, client }, kill);
    await submitWithRetry(client, { token: "after" });
    for (
      let claimed = await manualWorker.claimMany(100, true);
      claimed.length > 0;
      claimed = await manualWorker.claimMany(100, true)
    ) {
      await Promise.all(claimed.map((lease) => manualWorker.updateWithRetry({ f: "complete", lease })));
    }
    context.tables = await listTasks(client);
  },
};
