import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../clients/client.ts";
import { Hand } from "../clients/hand.ts";
import { submit, submitSurely } from "../clients/submitter.ts";
import { SETTINGS } from "../cluster/cluster.ts";
import { FaultyServer, ROOT, runJoblib } from "../cluster/faulty-server.ts";
import type { Tables } from "../cluster/tables.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";

const KILLS = 2;
const SUBMITTERS = 3;

/** What the embedded database holds, as its server tells it: nobody else may open it. */
const tablesOf = async (client: Client): Promise<Tables> => {
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

/** Submits from all sides until the server is killed, at any moment. */
const killUnderSubmits = async (scene: Scene, { server, client }: Embedded, kill: number): Promise<void> => {
  let isOver = false;
  const submitting = Array.from({ length: SUBMITTERS }, async (_, index) => {
    for (let count = 0; !isOver; count += 1) await submit(client, { token: `${kill}-${index}-${count}` });
  });
  await scene.pause(scene.random.between(500, 1500));
  isOver = true;
  await server.stop("SIGKILL");
  scene.fault("server with an embedded database killed");
  await Promise.all(submitting);
  await server.start();
};

interface Embedded {
  readonly server: FaultyServer;
  readonly client: Client;
}

/** The embedded database's server is killed in the middle of its writes; a second one on the same directory is refused. */
export const killedEmbedded: FaultCase = {
  name: "F34 embedded database killed",
  invariants: ["I1"],
  // The embedded database takes seconds to open, and a busy machine makes that tens of them.
  seconds: 180,
  async run(scene) {
    const directory = mkdtempSync(join(tmpdir(), "joblib-embedded-"));
    scene.use({ [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }) });
    const env = {
      ...{ ...SETTINGS, JOBLIB_WORKER_TIMEOUT_THRESHOLD: "60" },
      ...{ JOBLIB_DATABASE_URL: undefined, JOBLIB_REDIS_URL: undefined, JOBLIB_DATA_DIR: directory },
    };
    const server = scene.use(await FaultyServer.start({ name: "embedded", env, root: ROOT }));
    const client = scene.client("client", { urls: [server.url] });
    const hand = await Hand.of(client);

    const second = runJoblib(ROOT, ["serve", "--port", "0"], env);
    const { code } = await second.exit;
    const isRefused = code !== 0 && second.stderr().includes(`in use by process ${server.pid}`);
    scene.require(isRefused, "I1", `a second server on the directory ended with ${code}: ${second.stderr()}`);

    for (let kill = 0; kill < KILLS; kill += 1) await killUnderSubmits(scene, { server, client }, kill);
    await submitSurely(client, { token: "after" });
    for (
      let taken = await hand.claimMany(100, true);
      taken.length > 0;
      taken = await hand.claimMany(100, true)
    ) {
      await Promise.all(taken.map((held) => hand.insist({ f: "complete", held })));
    }
    scene.tables = await tablesOf(client);
  },
};
