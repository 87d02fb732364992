import { submit, submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const CONCURRENT_SUBMITS = 100;

/**
 * Many identical submits with the same idempotency key run concurrently, and the response to one of
 * them is lost. Then the key is used with a different payload.
 */
export const sameKey: FaultCase = {
  name: "F24 many concurrent submits use the same idempotency key",
  invariants: ["I2"],
  async run(context) {
    await context.rawWorker();
    const clients = [0, 1].map((server) => context.client("submitter", { server }));
    const trap = context.node(0).server.proxy.trap({ request: /POST .*\/tasks\//, action: "cut" });
    context.fault("response dropped");
    const outcomes = await Promise.all(
      Array.from({ length: CONCURRENT_SUBMITS }, (_, index) => {
        const client = clients[index % clients.length];
        if (client === undefined) throw new Error("no client");
        return submit(client, { token: "same", key: "one" });
      }),
    );
    await trap.triggered;
    const client = context.client();
    await submitWithRetry(client, { token: "same", key: "one" });
    const created = outcomes.filter((one) => one.outcome === "ok" && one.http === 202);
    context.require(
      created.length <= 1,
      "I2",
      `${created.length} submits with the same idempotency key created a task`,
    );

    const other = await submit(client, { token: "other", key: "one" });
    const isRefused = other.outcome === "fail" && other.problem === "idempotency-conflict";
    context.require(isRefused, "I2", "an idempotency key was accepted with another payload");
    await waitForAllTasks(context);
  },
};
