import { submitMany } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { runUnderLoad } from "../run/load.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

/**
 * A worker's requests reach the server, but the responses do not reach the worker. The server
 * therefore assigns tasks to the worker and counts its heartbeats.
 */
export const oneWayPartition: FaultCase = {
  name: "F18 a worker's requests reach the server, but the responses are lost",
  invariants: ["I3", "I4", "I7"],
  async run(context) {
    const half = await context.workerProcess("half", { concurrency: 2 });
    const options = { max_attempts: 5 };
    await submitMany(context.client(), { prefix: "t", count: 8, job: "Work", payload: { ms: 300 }, options });
    await half.process.waitForLine(/completed/);
    half.proxy.setFaults({ toClient: { blackHole: true } });
    context.fault("one-way partition");
    await context.workerProcess("whole", { server: 1, concurrency: 2 });
    await context.pause(3000);
    half.proxy.cut();
    half.proxy.heal();
    await waitForAllTasks(context);
  },
};

/**
 * Every connection of a client has a high latency and a low bandwidth, and is sometimes cut in the
 * middle of a response.
 */
export const badNetwork: FaultCase = {
  name: "F19 client connections are slow and are cut",
  invariants: ["I2", "I6", "I8"],
  async run(context) {
    const proxies = context.cluster.nodes.map(({ server }) => server.proxy);
    await runUnderLoad(context, { submitters: 3 }, async () => {
      for (const proxy of proxies) {
        const random = context.random.fork(`link ${proxy.port}`);
        proxy.setFaults(() => ({
          toServer: { delayMs: () => random.between(0, 50) },
          toClient: {
            delayMs: () => random.between(0, 50),
            bytesPerSecond: 100_000,
            ...(random.chance(0.4) && { cutAfterBytes: random.integer(100, 6000) }),
          },
        }));
        proxy.cut();
        context.fault("slow connections cut");
      }
      await context.pause(3500);
      for (const proxy of proxies) proxy.heal();
    });
  },
};
