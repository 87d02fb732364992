import { submit, submitSurely } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

/** While somebody has locked a table, as a careless migration does. */
const whileLocked = async (
  scene: Scene,
  table: "task" | "worker",
  work: (unlock: () => Promise<unknown>) => Promise<void>,
): Promise<void> => {
  const connection = await scene.cluster.sql.connect();
  try {
    await connection.query(`begin; lock table joblib.${table} in access exclusive mode`);
    scene.fault(`table ${table} locked`);
    await work(() => connection.query("commit"));
  } finally {
    connection.release();
  }
};

/** The table stays locked for longer than a statement may take: who waits is told to come again, and nothing is lost. */
export const longLock: FaultCase = {
  name: "F33 table locked for long",
  invariants: ["I1", "I2", "I13", "I16"],
  cluster: { settings: { JOBLIB_STATEMENT_TIMEOUT_SECONDS: "0.5", JOBLIB_WORKER_TIMEOUT_THRESHOLD: "30" } },
  async run(scene) {
    await scene.rawWorker();
    const client = scene.client("client", { timeoutSeconds: 10 });
    await whileLocked(scene, "task", async (unlock) => {
      const began = monotonic();
      const first = await submit(client, { token: "0" });
      const took = Math.round(monotonic() - began);
      const isTold = first.outcome === "unknown" && first.problem === "service-unavailable";
      scene.require(isTold && took < 4000, "I13", `a submit was not refused, or after ${took} ms`);
      const submits = Array.from({ length: 20 }, (_, index) => submitSurely(client, { token: `${index}` }));
      await scene.pause(2000);
      await unlock();
      await Promise.all(submits);
    });
    await settle(scene);
  },
};

/** Somebody locks the table of tasks for a while: what comes meanwhile waits, and nothing is lost or done twice. */
export const lockedTable: FaultCase = {
  name: "F33 table locked",
  invariants: ["I1", "I2", "I16"],
  async run(scene) {
    await scene.rawWorker();
    const client = scene.client("client", { timeoutSeconds: 10 });
    await whileLocked(scene, "task", async (unlock) => {
      const submits = Array.from({ length: 20 }, (_, index) => submitSurely(client, { token: `${index}` }));
      await scene.pause(2000);
      await unlock();
      await Promise.all(submits);
    });
    await settle(scene);
  },
};

const WORKERS = 24;

/** The workers' table is locked for longer than they may be silent: they were not heard, which is not their fault. */
export const lockedWorkers: FaultCase = {
  name: "F33 workers' table locked",
  invariants: ["I14"],
  cluster: {},
  async run(scene) {
    const hands = await Promise.all(
      Array.from({ length: WORKERS }, (_, index) =>
        scene.hand("hand", { server: index % 2, timeoutSeconds: 20 }),
      ),
    );
    let isOver = false;
    const beating = hands.map(async (hand) => {
      while (!isOver) {
        await hand.beat();
        await scene.pause(200);
      }
    });
    // The sweepers' own patience after their start has to be over.
    await scene.pause(scene.thresholdMs + 500);
    await whileLocked(scene, "worker", async (unlock) => {
      await scene.pause(scene.thresholdMs + scene.random.between(500, 2000));
      await unlock();
    });
    await scene.pause(1000);
    isOver = true;
    await Promise.all(beating);
    const { rows } = await scene.cluster.sql.query("select count(*)::int as many from joblib.worker");
    scene.require(
      rows[0]?.many === WORKERS,
      "I14",
      `of ${WORKERS} workers ${rows[0]?.many} were left behind a lock`,
    );
  },
};
