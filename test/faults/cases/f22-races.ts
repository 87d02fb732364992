import { cancel, submit } from "../clients/submitter.ts";
import { sleep } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const WORKERS = 40;
const RACES = 80;

/**
 * A heartbeat, a completion and a sweep race for the same attempt, whose worker has sent no
 * heartbeat for about as long as the worker timeout.
 */
export const timeoutRace: FaultCase = {
  name: "F22 a heartbeat, a completion and a sweep race",
  invariants: ["I4", "I5"],
  async run(context) {
    const client = context.client();
    await Promise.all(
      Array.from({ length: WORKERS }, (_, index) =>
        submit(client, { token: `${index}`, options: { max_attempts: 1 + (index % 3) } }),
      ),
    );
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, index) => {
        const random = context.random.fork(`worker ${index}`);
        const manualWorker = await context.manualWorker("worker", { server: index % 2, silent: true });
        const lease = await manualWorker.claim({ start: true });
        if (lease === undefined) return;
        await sleep(context.workerTimeoutMs + random.between(-50, 300));
        const heartbeat = sleep(random.between(0, 20)).then(() => manualWorker.heartbeat([lease.id]));
        const update = manualWorker.update({ operation: random.chance(0.8) ? "complete" : "fail", lease });
        await Promise.all([heartbeat, update]);
      }),
    );
    context.fault("races at the worker timeout");
    await context.rawWorker({ workMs: 1 });
    await waitForAllTasks(context);
  },
};

/**
 * Many workers exceed the worker timeout at the same time, and send heartbeats while the sweeper
 * removes other workers. A worker whose heartbeat was acknowledged must not be swept.
 */
export const heartbeatsDuringSweep: FaultCase = {
  name: "F22 workers send heartbeats during a sweep",
  invariants: ["I14"],
  cluster: { settings: { JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.1" } },
  async run(context) {
    const manualWorkers = await Promise.all(
      Array.from({ length: 2 * WORKERS }, (_, index) =>
        context.manualWorker("worker", { server: index % 2, silent: true }),
      ),
    );
    await Promise.all(manualWorkers.map((manualWorker) => manualWorker.heartbeat([])));
    await Promise.all(
      manualWorkers.map(async (manualWorker, index) => {
        const random = context.random.fork(`worker ${index}`);
        await sleep(context.workerTimeoutMs + random.between(0, 400));
        await manualWorker.heartbeat([]);
      }),
    );
    context.fault("races at the worker timeout");
  },
};

/** A cancel, a completion and a claim of the same task race. */
export const cancelRaces: FaultCase = {
  name: "F23 a cancel, a completion and a claim race",
  invariants: ["I9"],
  async run(context) {
    const manualWorkers = [
      await context.manualWorker("worker", { server: 0 }),
      await context.manualWorker("worker", { server: 1 }),
    ];
    const clients = [context.client("client", { server: 0 }), context.client("client", { server: 1 })];
    for (let race = 0; race < RACES; race += 1) {
      const [own, other] = race % 2 === 0 ? manualWorkers : manualWorkers.toReversed();
      const [near, far] = context.random.shuffled(clients);
      if (own === undefined || other === undefined || near === undefined || far === undefined) return;
      const submitted = await submit(near, { token: `${race}` });
      if (submitted.outcome !== "ok") continue;
      const isClaimed = context.random.chance(0.6);
      const lease = isClaimed ? await own.claim({ start: true }) : undefined;
      const sleepRandomly = () => sleep(context.random.between(0, 6));
      const [, , claimed] = await Promise.all([
        sleepRandomly().then(() => cancel(far, submitted.body.id)),
        sleepRandomly().then(() => lease && own.update({ operation: "complete", lease })),
        sleepRandomly().then(() => other.claim({ start: true })),
      ]);
      if (claimed !== undefined) await other.updateWithRetry({ operation: "complete", lease: claimed });
    }
    context.fault("races with a cancel");
    for (const manualWorker of manualWorkers) await manualWorker.deregister();
    await context.rawWorker({ workMs: 1 });
    await waitForAllTasks(context);
  },
};
