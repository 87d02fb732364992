import { ROOT, runJoblibInContainer } from "../cluster/faulty-server.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settleEmbedded, startEmbeddedServer, underSubmits } from "./embedded-server.ts";

const RIVALS = 2;

/** A second container is started on the volume of the first, which is under load and is then killed. */
export const twoContainers: FaultCase = {
  name: "F41 two containers on one volume",
  invariants: ["I1"],
  // The embedded database takes seconds to open, and a busy machine makes that tens of them.
  seconds: 300,
  async run(scene) {
    const embedded = await startEmbeddedServer(scene, { isContained: true });
    const { server, client, env } = embedded;

    for (let rival = 0; rival < RIVALS; rival += 1) {
      await underSubmits(client, `${rival}`, async () => {
        scene.fault("second container on the volume");
        const second = runJoblibInContainer(ROOT, ["serve", "--port", "0"], env);
        const { code } = await second.exit;
        const isRefused = code === 2 && /^joblib: The data directory .* is in use/m.test(second.stderr());
        scene.require(isRefused, "I1", `a second container ended with ${code}: ${second.stderr()}`);
        scene.fault("container killed");
        await server.stop("SIGKILL");
      });
      await server.start();
    }
    await settleEmbedded(scene, embedded);
  },
};

/** PID namespaces are Linux's. */
export const canContain = process.platform === "linux";
