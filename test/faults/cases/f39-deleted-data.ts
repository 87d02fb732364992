import { awaitEnd, submitMany, submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

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

/**
 * An older backup is restored while workers are connected. If a worker runs a task that the backup
 * does not contain, the server must notify the worker, and the worker must stop the task.
 */
export const restoredBackup: FaultCase = {
  name: "F39 an older backup is restored while workers are connected",
  invariants: ["I3", "I4"],
  cluster: {},
  async run(context) {
    context.expectations = { restored: true, deletes: true };
    const client = context.client();
    const worker = await context.workerProcess("worker", { concurrency: 4 });
    const manualWorker = await context.manualWorker();
    await submitMany(client, { prefix: "old", count: 4, job: "Work", payload: { ms: 200 } });
    await context.cluster.sql.query(SAVE);
    await submitMany(client, { prefix: "new", count: 4, job: "Work", payload: { ms: 1500 } });
    await submitWithRetry(client, { token: "worker" });
    const lease = await manualWorker.claim({ start: true });
    if (lease === undefined) throw new Error("nothing was claimed");
    await context.pause(300);
    await context.cluster.sql.query(RESTORE);
    context.fault("backup restored");
    const response = await manualWorker.update({ operation: "complete", lease });
    context.require(response.outcome === "fail", "I4", "a task that no longer exists was completed");
    await worker.process.waitForLine(/lost/, 15_000);
    await waitForAllTasks(context, 15);
  },
};

/** Retention deletes tasks while clients wait for the tasks, and the events arrive late. */
export const deletedTasks: FaultCase = {
  name: "F40 retention deletes tasks while clients wait for the tasks",
  invariants: ["I5"],
  cluster: { settings: { JOBLIB_TASK_RETENTION_DAYS: "0.000005", JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.1" } },
  async run(context) {
    context.expectations = { deletes: true };
    const manualWorker = await context.manualWorker("worker", { server: 1 });
    const waiter = context.client("waiter", { server: 0 });
    const client = context.client("client", { server: 1 });
    context.node(0).redisProxy.setFaults({ toClient: { delayMs: () => context.random.between(0, 1500) } });
    const waiting: Promise<unknown>[] = [];
    for (let index = 0; index < 12; index += 1) {
      const { id } = await submitWithRetry(client, { token: `${index}` });
      waiting.push(awaitEnd(waiter, id, { wait: 10 }));
      const lease = await manualWorker.claim({ start: true });
      if (lease !== undefined) await manualWorker.updateWithRetry({ operation: "complete", lease });
    }
    context.fault("tasks deleted");
    await Promise.all(waiting);
    await waitForAllTasks(context);
  },
};
