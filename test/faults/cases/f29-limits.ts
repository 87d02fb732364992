import { spawnSync } from "node:child_process";
import { awaitEnd, submit, submitWithRetry } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const POLLS = 300;

/**
 * A server with few file descriptors receives many waiting requests. It must keep running, and must
 * accept new requests after the waiting requests have ended.
 */
export const fewDescriptors: FaultCase = {
  name: "F29 a server has too few file descriptors",
  invariants: ["I13"],
  cluster: { servers: 1 },
  async run(context) {
    const { server } = context.node(0);
    await context.manualWorker();
    const client = context.client();
    const { id } = await submitWithRetry(client, { token: "t" });
    const { status, stderr } = spawnSync("prlimit", ["--pid", String(server.pid), "--nofile=120:120"], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`prlimit failed: ${stderr}`);
    context.fault("file descriptors limited");
    const abort = new AbortController();
    const waiters = Array.from({ length: POLLS }, () =>
      awaitEnd(context.client("waiter", { timeoutSeconds: 1 }), id, { wait: 2, signal: abort.signal }),
    );
    await Promise.all(waiters);
    abort.abort();
    server.proxy.cut();
    await submitWithRetry(client, { token: "after" });
    // The first worker sent no heartbeats for longer than the worker timeout and was declared dead,
    // so the case uses a new worker.
    const manualWorker = await context.manualWorker("after");
    let remaining = 2;
    for (let tries = 0; remaining > 0 && tries < 30; tries += 1) {
      const lease = await manualWorker.claim({ start: true });
      if (lease === undefined) await context.pause(200);
      else {
        await manualWorker.updateWithRetry({ operation: "complete", lease });
        remaining -= 1;
      }
    }
    await waitForAllTasks(context);
  },
};

/**
 * A server with little memory receives many large payloads at once. It must reject the payloads, or
 * crash without losing acknowledged tasks.
 */
export const littleMemory: FaultCase = {
  name: "F30 a server has too little memory",
  invariants: ["I13"],
  cluster: { servers: 1, settings: { NODE_OPTIONS: "--max-old-space-size=128" } },
  async run(context) {
    const { server } = context.node(0);
    await context.manualWorker();
    context.fault("memory limited");
    const filler = "x".repeat(900_000);
    const flood = Array.from({ length: 60 }, (_, index) =>
      submit(context.client("flood"), { token: `${index}`, payload: { filler: `${index}${filler}` } }),
    );
    await Promise.all(flood);
    if (!server.isAlive) {
      context.fault("out of memory");
      await server.stop("SIGKILL");
      await server.start();
    }
    await context.manualWorker("after");
    await submitWithRetry(context.client(), { token: "after" });
    context.expectations = { drained: false };
  },
};

/**
 * Clients open many more long polls than the server has database connections. Other requests must
 * still succeed, because a long poll uses no database connection while it waits.
 */
export const smallPool: FaultCase = {
  name: "F32 many requests wait at a server with two database connections",
  invariants: ["I13"],
  // The other fault cases use a worker timeout of 2 s. Here, a slow machine would sweep the worker
  // within 2 s, before its first claim.
  cluster: {
    servers: 1,
    settings: { JOBLIB_DATABASE_POOL_SIZE: "2", JOBLIB_WORKER_TIMEOUT_SECONDS: "30" },
  },
  async run(context) {
    const manualWorker = await context.manualWorker();
    const client = context.client();
    const tasks: string[] = [];
    for (let index = 0; index < 10; index += 1)
      tasks.push((await submitWithRetry(client, { token: `${index}` })).id);
    context.fault("pool of two connections");
    const waiters = Array.from({ length: POLLS }, (_, index) =>
      awaitEnd(context.client("waiter"), tasks[index % tasks.length] ?? "", { wait: 30, maxDelayMs: 4000 }),
    );
    await context.pause(1500);
    for (let index = 0; index < tasks.length; index += 1) {
      const began = monotonic();
      const lease = await manualWorker.claim({ start: true });
      if (lease !== undefined) await manualWorker.updateWithRetry({ operation: "complete", lease });
      const took = Math.round(monotonic() - began);
      context.require(took < 2000, "I13", `a claim and its completion took ${took} ms while requests waited`);
    }
    await Promise.all(waiters);
    await waitForAllTasks(context);
  },
};
