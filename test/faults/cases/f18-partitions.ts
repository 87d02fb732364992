import { submitMany } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { underLoad } from "../run/load.ts";
import { settle } from "../run/settle.ts";

/** What a worker says arrives, what it is answered does not: it claims and beats, and never hears. */
export const oneWay: FaultCase = {
  name: "F18 one-way partition of a worker",
  invariants: ["I3", "I4", "I7"],
  async run(scene) {
    const half = await scene.workerProcess("half", { concurrency: 2 });
    const options = { max_attempts: 5 };
    await submitMany(scene.client(), { prefix: "t", count: 8, job: "Work", payload: { ms: 300 }, options });
    await half.process.waitForLine(/completed/);
    half.link.program({ toClient: { blackHole: true } });
    scene.fault("one-way partition");
    await scene.workerProcess("whole", { server: 1, concurrency: 2 });
    await scene.pause(3000);
    half.link.cut();
    half.link.heal();
    await settle(scene);
  },
};

/** Every link of the clients is late, slow, and now and then cut in the middle of an answer. */
export const badNetwork: FaultCase = {
  name: "F19 late, slow and broken links",
  invariants: ["I2", "I6", "I8"],
  async run(scene) {
    const links = scene.cluster.nodes.map(({ server }) => server.http);
    await underLoad(scene, { submitters: 3 }, async () => {
      for (const link of links) {
        const random = scene.random.fork(`link ${link.port}`);
        link.program(() => ({
          toServer: { delayMs: () => random.between(0, 50) },
          toClient: {
            delayMs: () => random.between(0, 50),
            bytesPerSecond: 100_000,
            ...(random.chance(0.4) && { cutAfterBytes: random.integer(100, 6000) }),
          },
        }));
        link.cut();
        scene.fault("bad network");
      }
      await scene.pause(3500);
      for (const link of links) link.heal();
    });
  },
};
