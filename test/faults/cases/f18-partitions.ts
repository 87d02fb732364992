import { submitMany } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { runUnderLoad } from "../run/load.ts";
import { settle } from "../run/settle.ts";

/**
 * A worker's requests reach the server, but the responses do not reach the worker. The server
 * therefore assigns tasks to the worker and counts its heartbeats.
 */
export const oneWayPartition: FaultCase = {
  name: "F18 one-way partition of a worker",
  invariants: ["I3", "I4", "I7"],
  async run(context) {
    const half = await context.workerProcess("half", { concurrency: 2 });
    const options = { max_attempts: 5 };
    await submitMany(context.client(), { prefix: "t", count: 8, job: "Work", payload: { ms: 300 }, options });
    await half.process.waitForLine(/completed/);
    half.link.program({ toClient: { blackHole: true } });
    context.fault("one-way partition");
    await context.workerProcess("whole", { server: 1, concurrency: 2 });
    await context.pause(3000);
    half.link.cut();
    half.link.heal();
    await settle(context);
  },
};

/**
 * Every client link has a high latency and a low bandwidth, and is sometimes cut in the middle of a
 * response.
 */
export const badNetwork: FaultCase = {
  name: "F19 slow and broken links",
  invariants: ["I2", "I6", "I8"],
  async run(context) {
    const links = context.cluster.nodes.map(({ server }) => server.http);
    await runUnderLoad(context, { submitters: 3 }, async () => {
      for (const link of links) {
        const random = context.random.fork(`link ${link.port}`);
        link.program(() => ({
          toServer: { delayMs: () => random.between(0, 50) },
          toClient: {
            delayMs: () => random.between(0, 50),
            bytesPerSecond: 100_000,
            ...(random.chance(0.4) && { cutAfterBytes: random.integer(100, 6000) }),
          },
        }));
        link.cut();
        context.fault("bad network");
      }
      await context.pause(3500);
      for (const link of links) link.heal();
    });
  },
};
