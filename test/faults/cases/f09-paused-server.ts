import { submitWithRetry } from "../clients/submitter.ts";
import { sleep } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";

const WORKER_TIMEOUT_S = 4;

/**
 * The only server is paused for longer than the worker timeout. When it resumes, it must process
 * the heartbeats that arrived during the pause before it declares a worker dead.
 */
export const pausedServer: FaultCase = {
  name: "F9 the only server is paused for longer than the worker timeout",
  invariants: ["I14", "I15"],
  cluster: { servers: 1, settings: { JOBLIB_WORKER_TIMEOUT_SECONDS: String(WORKER_TIMEOUT_S) } },
  async run(context) {
    const { server } = context.node(0);
    const manualWorker = await context.manualWorker("worker", { timeoutSeconds: 20, silent: true });
    await submitWithRetry(context.client(), { token: "t" });
    const lease = await manualWorker.claim({ start: true });
    if (lease === undefined) throw new Error("nothing was claimed");
    const end = new AbortController();
    const heartbeats = (async () => {
      while (!end.signal.aborted) {
        await manualWorker.heartbeat([lease.id]);
        await sleep(500, end.signal);
      }
    })();
    // The sweeper declares no worker dead during the first worker timeout after its start.
    await context.pause(WORKER_TIMEOUT_S * 1000);
    server.pause();
    context.fault("server paused");
    await context.pause(WORKER_TIMEOUT_S * 1000 + 1500);
    server.resume();
    await context.pause(1500);
    const done = await manualWorker.updateWithRetry({ operation: "complete", lease });
    context.require(
      done.outcome === "ok",
      "I14",
      "a worker that sent heartbeats all the time was declared dead",
    );
    end.abort();
    await heartbeats;
  },
};
