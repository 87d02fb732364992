import { spawnSync } from "node:child_process";
import { awaitEnd, submit, submitSurely } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const POLLS = 300;

/** A server that may open few files meets many waiting requests: it lives, and serves again when they are gone. */
export const fewDescriptors: FaultCase = {
  name: "F29 too few descriptors",
  invariants: ["I13"],
  cluster: { servers: 1 },
  async run(scene) {
    const { server } = scene.node(0);
    await scene.hand();
    const client = scene.client();
    const { id } = await submitSurely(client, { token: "t" });
    const { status, stderr } = spawnSync("prlimit", ["--pid", String(server.pid), "--nofile=120:120"], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`prlimit failed: ${stderr}`);
    scene.fault("descriptors limited");
    const abort = new AbortController();
    const waiters = Array.from({ length: POLLS }, () =>
      awaitEnd(scene.client("waiter", { timeoutSeconds: 1 }), id, { wait: 2, signal: abort.signal }),
    );
    await Promise.all(waiters);
    abort.abort();
    server.http.cut();
    await submitSurely(client, { token: "after" });
    // The first was silent for so long that it was called dead.
    const hand = await scene.hand("after");
    let left = 2;
    for (let tries = 0; left > 0 && tries < 30; tries += 1) {
      const held = await hand.claim({ start: true });
      if (held === undefined) await scene.pause(200);
      else {
        await hand.insist({ f: "complete", held });
        left -= 1;
      }
    }
    await settle(scene);
  },
};

/** A server with little memory meets a flood of large payloads: it refuses, or dies and loses nothing that it acknowledged. */
export const littleMemory: FaultCase = {
  name: "F30 too little memory",
  invariants: ["I13"],
  cluster: { servers: 1, settings: { NODE_OPTIONS: "--max-old-space-size=128" } },
  async run(scene) {
    const { server } = scene.node(0);
    await scene.hand();
    scene.fault("memory limited");
    const weight = "x".repeat(900_000);
    const flood = Array.from({ length: 60 }, (_, index) =>
      submit(scene.client("flood"), { token: `${index}`, payload: { weight: `${index}${weight}` } }),
    );
    await Promise.all(flood);
    if (!server.isAlive) {
      scene.fault("out of memory");
      await server.stop("SIGKILL");
      await server.start();
    }
    await scene.hand("after");
    await submitSurely(scene.client(), { token: "after" });
    scene.promises = { drained: false };
  },
};

/** Far more waiting requests than connections to the database: they hold none, so that everything else goes on. */
export const smallPool: FaultCase = {
  name: "F32 pool of two under many waiting requests",
  invariants: ["I13"],
  // The hand never beats: on a slow machine it would be swept before its first claim.
  cluster: {
    servers: 1,
    settings: { JOBLIB_DATABASE_POOL_SIZE: "2", JOBLIB_WORKER_TIMEOUT_THRESHOLD: "30" },
  },
  async run(scene) {
    const hand = await scene.hand();
    const client = scene.client();
    const tasks: string[] = [];
    for (let index = 0; index < 10; index += 1)
      tasks.push((await submitSurely(client, { token: `${index}` })).id);
    scene.fault("pool of two");
    const waiters = Array.from({ length: POLLS }, (_, index) =>
      awaitEnd(scene.client("waiter"), tasks[index % tasks.length] ?? "", { wait: 30, bar: 4000 }),
    );
    await scene.pause(1500);
    for (let index = 0; index < tasks.length; index += 1) {
      const began = monotonic();
      const held = await hand.claim({ start: true });
      if (held !== undefined) await hand.insist({ f: "complete", held });
      const took = Math.round(monotonic() - began);
      scene.require(took < 2000, "I13", `a claim and its completion took ${took} ms beside waiting requests`);
    }
    await Promise.all(waiters);
    await settle(scene);
  },
};
