import { ROOT, runJoblib } from "../cluster/server-process.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { completeAllTasks, startEmbeddedServer, whileSubmitting } from "./embedded-server.ts";

const KILLS = 2;

/**
 * The server of an embedded database is killed during writes. A second server must be unable to
 * open the same data directory while the first server runs.
 */
export const killedEmbedded: FaultCase = {
  name: "F34 the server of an embedded database is killed",
  invariants: ["I1"],
  // Opening the embedded database takes several seconds, and tens of seconds on a busy machine.
  seconds: 300,
  async run(context) {
    const embedded = await startEmbeddedServer(context, { isContained: false });
    const { server, client, env } = embedded;

    const second = runJoblib(ROOT, ["serve", "--port", "0"], env);
    const { code } = await second.exit;
    const isRefused = code === 2 && second.stderr().includes(`in use by process ${server.pid}.`);
    context.require(
      isRefused,
      "I1",
      `a second server on the directory exited with ${code}: ${second.stderr()}`,
    );

    for (let kill = 0; kill < KILLS; kill += 1) {
      await whileSubmitting(client, `${kill}`, async () => {
        await context.pause(context.random.between(500, 1500));
        await server.stop("SIGKILL");
        context.fault("server with an embedded database killed");
      });
      await server.start();
    }
    await completeAllTasks(context, embedded);
  },
};
