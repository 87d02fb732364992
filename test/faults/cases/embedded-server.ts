import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../clients/client.ts";
import { Hand } from "../clients/hand.ts";
import { submit, submitSurely } from "../clients/submitter.ts";
import { SETTINGS } from "../cluster/cluster.ts";
import { type Environment, FaultyServer, ROOT } from "../cluster/faulty-server.ts";
import type { Tables } from "../cluster/tables.ts";
import type { Scene } from "../run/scene.ts";

const SUBMITTERS = 3;

/** A server with an embedded database in a directory of its own, and a client and a worker of it. */
export interface EmbeddedServer {
  readonly server: FaultyServer;
  readonly client: Client;
  readonly hand: Hand;
  /** What another server needs to open the same directory. */
  readonly env: Environment;
}

/** Starts a server on a new data directory, which is removed with the scene. */
export const startEmbeddedServer = async (
  scene: Scene,
  plan: { readonly isContained: boolean },
): Promise<EmbeddedServer> => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-embedded-"));
  scene.use({ [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }) });
  const env = {
    ...{ ...SETTINGS, JOBLIB_WORKER_TIMEOUT_THRESHOLD: "60" },
    ...{ JOBLIB_DATABASE_URL: undefined, JOBLIB_REDIS_URL: undefined, JOBLIB_DATA_DIR: directory },
  };
  const server = scene.use(await FaultyServer.start({ name: "embedded", env, root: ROOT, ...plan }));
  const client = scene.client("client", { urls: [server.url] });
  return { server, client, hand: await Hand.of(client), env };
};

/** Submits from several sides while something else happens. */
export const underSubmits = async (
  client: Client,
  prefix: string,
  work: () => Promise<void>,
): Promise<void> => {
  let isOver = false;
  const submitting = Array.from({ length: SUBMITTERS }, async (_, index) => {
    for (let count = 0; !isOver; count += 1) await submit(client, { token: `${prefix}-${index}-${count}` });
  });
  try {
    await work();
  } finally {
    isOver = true;
    await Promise.all(submitting);
  }
};

/** Completes every task, and gives the checker what the server lists: nobody else may open the database. */
export const settleEmbedded = async (scene: Scene, { client, hand }: EmbeddedServer): Promise<void> => {
  await submitSurely(client, { token: "after" });
  for (;;) {
    const claimed = await hand.claimMany(100, true);
    if (claimed.length === 0) break;
    await Promise.all(claimed.map((held) => hand.insist({ f: "complete", held })));
  }
  scene.tables = await listTasks(client);
};

const listTasks = async (client: Client): Promise<Tables> => {
  const tasks: Tables["tasks"][number][] = [];
  for (let after: string | undefined; ; ) {
    const listed = await client.persist({
      f: "list",
      name: "listRoomTasks",
      request: {
        params: { room_id: client.room },
        query: { limit: 100, ...(after !== undefined && { after }) },
      },
    });
    if (listed.outcome !== "ok") throw new Error(`the tasks could not be listed: ${listed.problem}`);
    const { items } = listed.body;
    for (const { payload, ...task } of items) tasks.push({ ...task, payload: { ...payload } });
    after = items.at(-1)?.id;
    if (after === undefined) return { tasks, steps: [], endedWorkers: [] };
  }
};
