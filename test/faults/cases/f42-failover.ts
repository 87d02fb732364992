import { submitWithRetry } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { runUnderLoad } from "../run/load.ts";

const RECOVERY_MS = 2000;

/**
 * A standby is promoted while the old primary keeps running in read-only mode. Pooled connections
 * still lead to the old primary, but new connections lead to the promoted standby.
 */
export const failedOver: FaultCase = {
  name: "F42 a standby is promoted while the old primary keeps running",
  invariants: ["I1", "I2", "I13"],
  cluster: { own: ["postgres"], standby: true },
  seconds: 90,
  async run(context) {
    await runUnderLoad(context, {}, async () => {
      await context.pause(700);
      context.fault("failover");
      await context.cluster.failOver();
      const promotedAt = monotonic();
      await submitWithRetry(context.client("after"), { token: "after the failover" });
      const milliseconds = Math.round(monotonic() - promotedAt);
      context.measure("standby promoted → first submit accepted", milliseconds);
      context.require(
        milliseconds < RECOVERY_MS,
        "I13",
        `the first submit was accepted ${milliseconds} ms after the failover`,
      );
      await context.pause(1000);
    });
  },
};

/**
 * The connection limit of the database, which both servers share, is lower than the size of one
 * server's pool.
 */
export const fewConnections: FaultCase = {
  name: "F43 the database's connection limit is lower than the servers' pool size",
  invariants: ["I1", "I13"],
  cluster: { connectionLimit: 6 },
  async run(context) {
    context.fault("connections limited");
    await runUnderLoad(context, { submitters: 6, workers: 4 }, async () => {
      await context.pause(3000);
      const responses = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          submitWithRetry(context.client("burst"), { token: `burst-${index}` }),
        ),
      );
      context.require(responses.length === 100, "I13", "some submits were not accepted");
    });
  },
};
