import { awaitEnd, submitMany } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const WAITERS = 120;
const TASKS = 6;
const BAR_MS = 2500;

/** One of two servers is killed with all its waiting requests: whoever waited asks the other, and hears in time. */
export const heldPolls: FaultCase = {
  name: "F4 server killed under waiting requests",
  invariants: ["I8", "I13"],
  async run(scene) {
    const hand = await scene.hand("hand", { server: 1 });
    const tasks = await submitMany(scene.client(), { prefix: "t", count: TASKS });
    const { server } = scene.node(0);
    const clients = Array.from({ length: WAITERS }, () => scene.client("waiter"));
    const waiting = clients.map(async (client, index) => {
      const id = tasks[index % TASKS]?.id ?? "";
      for (;;) {
        // The first of them are cut off with their server; what they ask next is held to its promise.
        const outcome = await awaitEnd(client, id, { wait: 20, ...(index % 2 === 1 && { bar: BAR_MS }) });
        if (outcome.outcome === "ok" && outcome.body?.status === "completed") return;
        await scene.pause(scene.random.between(0, 200));
      }
    });
    await scene.pause(300);
    await server.stop("SIGKILL");
    scene.fault("server killed");
    const started = server.start();
    for (let index = 0; index < TASKS; index += 1) {
      const held = await hand.claim({ start: true });
      if (held !== undefined) await hand.insist({ f: "complete", held });
    }
    await Promise.all([started, ...waiting]);
    await settle(scene);
  },
};
