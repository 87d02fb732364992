import { ROOT, runJoblib } from "../cluster/faulty-server.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settleEmbedded, startEmbeddedServer, underSubmits } from "./embedded-server.ts";

const KILLS = 2;

/** The embedded database's server is killed in the middle of its writes; a second one on the same directory is refused. */
export const killedEmbedded: FaultCase = {
  name: "F34 embedded database killed",
  invariants: ["I1"],
  // The embedded database takes seconds to open, and a busy machine makes that tens of them.
  seconds: 300,
  async run(scene) {
    const embedded = await startEmbeddedServer(scene, { isContained: false });
    const { server, client, env } = embedded;

    const second = runJoblib(ROOT, ["serve", "--port", "0"], env);
    const { code } = await second.exit;
    const isRefused = code === 2 && second.stderr().includes(`in use by process ${server.pid}.`);
    scene.require(isRefused, "I1", `a second server on the directory ended with ${code}: ${second.stderr()}`);

    for (let kill = 0; kill < KILLS; kill += 1) {
      await underSubmits(client, `${kill}`, async () => {
        await scene.pause(scene.random.between(500, 1500));
        await server.stop("SIGKILL");
        scene.fault("server with an embedded database killed");
      });
      await server.start();
    }
    await settleEmbedded(scene, embedded);
  },
};
