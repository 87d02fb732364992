import { awaitEnd, submitMany, submitWithRetry } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { runUnderLoad } from "../run/load.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const DEADLINE_MS = 10_000;

/**
 * A server receives SIGTERM under load. It must answer all waiting requests and exit with code 0.
 */
export const drainedServer: FaultCase = {
  name: "F5 a server receives SIGTERM under load",
  invariants: ["I17"],
  async run(context) {
    await runUnderLoad(context, {}, async () => {
      const { server } = context.node(0);
      const client = context.client("waiter", { server: 0, timeoutSeconds: 20 });
      const { id } = await submitWithRetry(client, { token: "later", options: { delay_seconds: 3 } });
      await context.pause(300);
      const waiting = awaitEnd(client, id, { wait: 20 });
      await context.pause(200);
      const began = monotonic();
      context.fault("SIGTERM to a server");
      const exit = await server.stop("SIGTERM");
      const took = Math.round(monotonic() - began);
      context.require(exit.code === 0, "I17", `the server ended with ${JSON.stringify(exit)}`);
      context.require(took < DEADLINE_MS, "I17", `the server took ${took} ms to drain`);
      context.require((await waiting).outcome === "ok", "I17", "a waiting request was cut off by the drain");
      await server.start();
    });
  },
};

/**
 * A worker receives SIGTERM. It must finish its running tasks, and tasks that it has claimed but
 * not started are requeued without counting a run.
 */
export const drainedWorker: FaultCase = {
  name: "F5 a worker receives SIGTERM",
  invariants: ["I17"],
  async run(context) {
    const first = await context.workerProcess("first", { concurrency: 3 });
    const payload = { ms: 700 };
    await submitMany(context.client(), { prefix: "t", count: 9, job: "Work", payload });
    await first.process.waitForLine(/completed/);
    context.fault("SIGTERM to a worker");
    context.require((await first.stop()) === 0, "I17", "the worker did not exit with 0");

    const { rows } = await context.cluster.sql.query<{ status: string; runs: number }>(
      "select status, runs from joblib.task where room_id = $1",
      [context.room],
    );
    const isCorrect = rows.every(({ status, runs }) => (status === "completed" ? runs === 1 : runs === 0));
    context.require(isCorrect, "I17", `a drain counted runs or left tasks leased: ${JSON.stringify(rows)}`);
    await context.workerProcess("second", { concurrency: 9 });
    await waitForAllTasks(context);
  },
};
