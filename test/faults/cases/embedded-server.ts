import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../clients/client.ts";
import { ManualWorker } from "../clients/manual-worker.ts";
import { submit, submitWithRetry } from "../clients/submitter.ts";
import { SETTINGS } from "../cluster/cluster.ts";
import { type Environment, ROOT, ServerProcess } from "../cluster/server-process.ts";
import type { Tables } from "../cluster/tables.ts";
import type { CaseContext } from "../run/case-context.ts";

const SUBMITTERS = 3;

/**
 * A server with an embedded database in its own data directory, and a client and a worker of this
 * server.
 */
export interface EmbeddedServer {
  readonly server: ServerProcess;
  readonly client: Client;
  readonly manualWorker: ManualWorker;
  /** Environment variables with which another server process would open the same data directory. */
  readonly env: Environment;
}

/** Starts a server on a new data directory, which is removed at the end of the case. */
export const startEmbeddedServer = async (
  context: CaseContext,
  options: { readonly isContained: boolean },
): Promise<EmbeddedServer> => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-embedded-"));
  context.use({ [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }) });
  const env = {
    ...{ ...SETTINGS, JOBLIB_WORKER_TIMEOUT_SECONDS: "60" },
    ...{ JOBLIB_DATABASE_URL: undefined, JOBLIB_REDIS_URL: undefined, JOBLIB_DATA_DIR: directory },
  };
  const server = context.use(await ServerProcess.start({ name: "embedded", env, root: ROOT, ...options }));
  const client = context.client("client", { urls: [server.url] });
  return { server, client, manualWorker: await ManualWorker.create(client), env };
};

/** Submits tasks from several concurrent loops until the promise of `work` settles. */
export const whileSubmitting = async (
  client: Client,
  prefix: string,
  work: () => Promise<void>,
): Promise<void> => {
  let hasEnded = false;
  const submitting = Array.from({ length: SUBMITTERS }, async (_, index) => {
    for (let count = 0; !hasEnded; count += 1) {
      await submit(client, { token: `${prefix}-${index}-${count}` });
    }
  });
  try {
    await work();
  } finally {
    hasEnded = true;
    await Promise.all(submitting);
  }
};

/**
 * Completes every task, and reads the tasks for the checker through the server's API. The checker
 * cannot read the database directly, because only one process may open an embedded database.
 */
export const completeAllTasks = async (
  context: CaseContext,
  { client, manualWorker }: EmbeddedServer,
): Promise<void> => {
  await submitWithRetry(client, { token: "after" });
  for (;;) {
    const claimed = await manualWorker.claimMany(100, true);
    if (claimed.length === 0) break;
    await Promise.all(claimed.map((lease) => manualWorker.updateWithRetry({ operation: "complete", lease })));
  }
  context.tables = await listTasks(client);
};

const listTasks = async (client: Client): Promise<Tables> => {
  const tasks: Tables["tasks"][number][] = [];
  for (let after: string | undefined; ; ) {
    const listed = await client.callWithRetry({
      operation: "list",
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
