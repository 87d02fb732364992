import { submitSurely } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { underLoad } from "../run/load.ts";

const RECOVERY_MS = 2000;

/** The primary is demoted and goes on; every pooled connection leads to it, and every new one to the standby. */
export const failedOver: FaultCase = {
  name: "F41 failover to a standby",
  invariants: ["I1", "I2", "I13"],
  cluster: { own: ["postgres"], standby: true },
  seconds: 90,
  async run(scene) {
    await underLoad(scene, {}, async () => {
      await scene.pause(700);
      scene.fault("failover");
      await scene.cluster.failOver();
      const began = monotonic();
      await submitSurely(scene.client("after"), { token: "after the failover" });
      const took = Math.round(monotonic() - began);
      scene.measure("standby promoted → first submit taken", took);
      scene.require(took < RECOVERY_MS, "I13", `the first submit was taken ${took} ms after the failover`);
      await scene.pause(1000);
    });
  },
};

/** The database grants both servers together fewer connections than one of them would open. */
export const fewConnections: FaultCase = {
  name: "F42 connection limit below the pool's size",
  invariants: ["I1", "I13"],
  cluster: { connectionLimit: 3 },
  async run(scene) {
    scene.fault("connections limited");
    await underLoad(scene, { submitters: 6, workers: 4 }, async () => {
      await scene.pause(3000);
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          submitSurely(scene.client("burst"), { token: `burst-${index}` }),
        ),
      );
      scene.require(answers.length === 100, "I13", "submits were not answered");
    });
  },
};
