import { ROOT, runJoblibInContainer } from "../cluster/server-process.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { completeAllTasks, startEmbeddedServer, whileSubmitting } from "./embedded-server.ts";

const SECOND_CONTAINERS = 2;

/**
 * A second container starts with the volume of a first container that is under load. Then the first
 * container is killed.
 */
export const twoContainers: FaultCase = {
  name: "F41 a second container starts with the volume of a running container",
  invariants: ["I1"],
  // Opening the embedded database takes several seconds, and tens of seconds on a busy machine.
  seconds: 300,
  async run(context) {
    const embedded = await startEmbeddedServer(context, { isContained: true });
    const { server, client, env } = embedded;

    for (let round = 0; round < SECOND_CONTAINERS; round += 1) {
      await whileSubmitting(client, `${round}`, async () => {
        context.fault("second container on the volume");
        const second = runJoblibInContainer(ROOT, ["serve", "--port", "0"], env);
        const { code } = await second.exit;
        const isRefused = code === 2 && /^joblib: The data directory .* is in use/m.test(second.stderr());
        context.require(isRefused, "I1", `a second container exited with ${code}: ${second.stderr()}`);
        context.fault("container killed");
        await server.stop("SIGKILL");
      });
      await server.start();
    }
    await completeAllTasks(context, embedded);
  },
};

/** The case needs PID namespaces, which only Linux has. */
export const canContain = process.platform === "linux";
