import { submit, submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const AT_ONCE = 100;

/** Many identical submits at the same time, one of which loses its answer; the same key with another payload. */
export const oneKey: FaultCase = {
  name: "F24 one key, many submits",
  invariants: ["I2"],
  async run(scene) {
    await scene.rawWorker();
    const clients = [0, 1].map((server) => scene.client("submitter", { server }));
    const trap = scene.node(0).server.http.trap({ request: /POST .*\/tasks\//, fate: "cut" });
    scene.fault("answer dropped");
    const outcomes = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => {
        const client = clients[index % clients.length];
        if (client === undefined) throw new Error("no client");
        return submit(client, { token: "same", key: "one" });
      }),
    );
    await trap.sprung;
    const client = scene.client();
    await submitSurely(client, { token: "same", key: "one" });
    const made = outcomes.filter((one) => one.outcome === "ok" && one.http === 202);
    scene.require(
      made.length <= 1,
      "I2",
      `${made.length} submits of one key were told that they made the task`,
    );

    const other = await submit(client, { token: "other", key: "one" });
    const isRefused = other.outcome === "fail" && other.problem === "idempotency-conflict";
    scene.require(isRefused, "I2", "a key was taken for another payload");
    await settle(scene);
  },
};
