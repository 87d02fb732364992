import { awaitEnd, submitMany, submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const SAVE = `create schema backup;
  create table backup.task as table joblib.task;
  create table backup.worker as table joblib.worker;
  create table backup.worker_job as table joblib.worker_job`;
const RESTORE = `begin;
  delete from joblib.worker_job; delete from joblib.worker; delete from joblib.task;
  insert into joblib.task select * from backup.task;
  insert into joblib.worker select * from backup.worker;
  insert into joblib.worker_job select * from backup.worker_job;
  drop schema backup cascade;
  commit`;

/** The database goes back to an older state while workers live: whoever holds what is no longer there is told, and stops. */
export const restoredBackup: FaultCase = {
  name: "F39 older backup restored",
  invariants: ["I3", "I4"],
  cluster: {},
  async run(scene) {
    scene.promises = { restored: true, deletes: true };
    const client = scene.client();
    const worker = await scene.workerProcess("worker", { concurrency: 4 });
    const hand = await scene.hand();
    await submitMany(client, { prefix: "old", count: 4, job: "Work", payload: { ms: 200 } });
    await scene.cluster.sql.query(SAVE);
    await submitMany(client, { prefix: "new", count: 4, job: "Work", payload: { ms: 1500 } });
    await submitSurely(client, { token: "hand" });
    const held = await hand.claim({ start: true });
    if (held === undefined) throw new Error("nothing was claimed");
    await scene.pause(300);
    await scene.cluster.sql.query(RESTORE);
    scene.fault("backup restored");
    const told = await hand.say({ f: "complete", held });
    scene.require(told.outcome === "fail", "I4", "a task that is no longer there was completed");
    await worker.process.waitForLine(/lost/, 15_000);
    await settle(scene, 15);
  },
};

/** Retention deletes tasks while others wait for their end, and hear of it late. */
export const deletedTasks: FaultCase = {
  name: "F40 tasks deleted under who waits",
  invariants: ["I5"],
  cluster: { settings: { JOBLIB_TASK_RETENTION_DAYS: "0.000005", JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.1" } },
  async run(scene) {
    scene.promises = { deletes: true };
    const hand = await scene.hand("hand", { server: 1 });
    const waiter = scene.client("waiter", { server: 0 });
    const client = scene.client("client", { server: 1 });
    scene.node(0).redis.program({ toClient: { delayMs: () => scene.random.between(0, 1500) } });
    const waiting: Promise<unknown>[] = [];
    for (let index = 0; index < 12; index += 1) {
      const { id } = await submitSurely(client, { token: `${index}` });
      waiting.push(awaitEnd(waiter, id, { wait: 10 }));
      const held = await hand.claim({ start: true });
      if (held !== undefined) await hand.insist({ f: "complete", held });
    }
    scene.fault("tasks deleted");
    await Promise.all(waiting);
    await settle(scene);
  },
};
