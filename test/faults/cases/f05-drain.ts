import { awaitEnd, submitMany, submitSurely } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { underLoad } from "../run/load.ts";
import { settle } from "../run/settle.ts";

const DEADLINE_MS = 10_000;

/** SIGTERM to a server under load: who waits is answered, and it exits with 0. */
export const drainedServer: FaultCase = {
  name: "F5 SIGTERM to a server",
  invariants: ["I17"],
  async run(scene) {
    await underLoad(scene, {}, async () => {
      const { server } = scene.node(0);
      const client = scene.client("waiter", { server: 0, timeoutSeconds: 20 });
      const { id } = await submitSurely(client, { token: "later", options: { delay_seconds: 3 } });
      await scene.pause(300);
      const waiting = awaitEnd(client, id, { wait: 20 });
      await scene.pause(200);
      const began = monotonic();
      scene.fault("SIGTERM to a server");
      const exit = await server.stop("SIGTERM");
      const took = Math.round(monotonic() - began);
      scene.require(exit.code === 0, "I17", `the server ended with ${JSON.stringify(exit)}`);
      scene.require(took < DEADLINE_MS, "I17", `the server took ${took} ms to drain`);
      scene.require((await waiting).outcome === "ok", "I17", "a waiting request was cut off by the drain");
      await server.start();
    });
  },
};

/** SIGTERM to a worker: what it runs is finished, what it did not start is given back uncharged. */
export const drainedWorker: FaultCase = {
  name: "F5 SIGTERM to a worker",
  invariants: ["I17"],
  async run(scene) {
    const first = await scene.workerProcess("first", { concurrency: 3 });
    const payload = { ms: 700 };
    await submitMany(scene.client(), { prefix: "t", count: 9, job: "Work", payload });
    await first.process.waitForLine(/completed/);
    scene.fault("SIGTERM to a worker");
    scene.require((await first.stop()) === 0, "I17", "the worker did not exit with 0");

    const { rows } = await scene.cluster.sql.query<{ status: string; runs: number }>(
      "select status, runs from joblib.task where room_id = $1",
      [scene.room],
    );
    const isFair = rows.every(({ status, runs }) => (status === "completed" ? runs === 1 : runs === 0));
    scene.require(isFair, "I17", `a drain charged tasks or left them held: ${JSON.stringify(rows)}`);
    await scene.workerProcess("second", { concurrency: 9 });
    await settle(scene);
  },
};
