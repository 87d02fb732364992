import { MAX_LINES_PER_ATTEMPT } from "../../../protocol/index.ts";
import { eventually } from "../../support/eventually.ts";
import { submitMany, submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

/**
 * A task blocks its worker's event loop. The worker sends no heartbeats and loses the lease, and
 * must notice the loss afterwards.
 */
export const blockedWorker: FaultCase = {
  name: "F31 a task blocks its worker's event loop",
  invariants: ["I3", "I7"],
  async run(context) {
    const blocked = await context.workerProcess("blocked", { concurrency: 1 });
    const payload = { act: "block", ms: context.workerTimeoutMs + 3000 };
    const { id } = await submitWithRetry(context.client(), { token: "t", job: "Work", payload });
    context.fault("event loop blocked");
    await blocked.process.waitForLine(new RegExp(`lost ${id}`), 20_000);
    await waitForAllTasks(context);
  },
};

/**
 * A task ends the process of every worker that runs it. The task must fail after its last attempt,
 * and all other tasks must complete.
 */
export const processEndingTask: FaultCase = {
  name: "F35 a task ends every worker process that runs it",
  invariants: ["I7"],
  async run(context) {
    const client = context.client();
    const first = await context.workerProcess("worker0", { concurrency: 1 });
    const options = { max_attempts: 2, priority: 5 };
    const { id } = await submitWithRetry(client, {
      token: "ends the process",
      job: "Work",
      payload: { act: "exit" },
      options,
    });
    await submitMany(client, { prefix: "t", count: 5, job: "Work" });
    await first.process.exit;
    const second = await context.workerProcess("worker1", { concurrency: 1 });
    await second.process.exit;
    context.fault("workers killed by a task");
    await context.workerProcess("worker2", { concurrency: 1 });
    await waitForAllTasks(context);
    const { rows } = await context.cluster.sql.query("select status, runs from joblib.task where id = $1", [
      id,
    ]);
    const isFailed = rows[0]?.status === "failed" && rows[0]?.runs === 2;
    context.require(isFailed, "I7", `the task that ends its workers ended as ${JSON.stringify(rows[0])}`);
  },
};

/**
 * One task returns a result that is too large, one reports its progress a thousand times a second,
 * and one logs 100,000 lines.
 */
export const excessiveOutput: FaultCase = {
  name: "F36 tasks send a large result, much progress and a long log",
  invariants: ["I13"],
  async run(context) {
    await context.workerProcess("worker");
    const client = context.client();
    const big = await submitWithRetry(client, {
      token: "big",
      job: "Work",
      payload: { act: "large-result" },
    });
    const reported = await submitWithRetry(client, {
      token: "reported",
      job: "Work",
      payload: { act: "progress", ms: 1500 },
    });
    const logged = await submitWithRetry(client, { token: "logged", job: "Work", payload: { act: "log" } });
    context.fault("large result");
    await waitForAllTasks(context);
    const readRow = async (id: string) =>
      (await context.cluster.sql.query("select status, error, version from joblib.task where id = $1", [id]))
        .rows[0];
    const [refused, updated] = [await readRow(big.id), await readRow(reported.id)];
    context.require(refused?.status === "failed", "I13", `the large result ended as ${refused?.status}`);
    context.require(
      /cannot be stored/.test(refused?.error ?? ""),
      "I16",
      `the error of the large result is ${refused?.error}`,
    );
    context.require(updated?.version < 60, "I13", `1500 progress reports caused ${updated?.version} writes`);

    const { rows } = await context.cluster.sql.query(
      "select count(*)::int as lines, max(number) as last from joblib.task_log where task_id = $1",
      [logged.id],
    );
    const [{ lines, last } = { lines: 0, last: 0 }] = rows;
    const isBounded = lines > 0 && lines <= MAX_LINES_PER_ATTEMPT && last === MAX_LINES_PER_ATTEMPT - 1;
    context.require(isBounded, "I13", `the log kept ${lines} of 100,000 lines, up to line number ${last}`);
    context.require(
      (await readRow(logged.id))?.status === "completed",
      "I13",
      "the task with the long log did not complete",
    );
  },
};

/**
 * A load balancer between a worker and its server cuts connections that have been idle for a
 * second.
 */
export const idleDisconnects: FaultCase = {
  name: "F38 a load balancer cuts a worker's idle connections",
  invariants: ["I8"],
  async run(context) {
    const worker = await context.workerProcess("worker", { concurrency: 2 });
    worker.proxy.setFaults({ idleCutMs: 1000 });
    worker.proxy.cut();
    const client = context.client();
    context.fault("silent connections cut");
    for (let index = 0; index < 4; index += 1) {
      await context.pause(1200);
      await submitWithRetry(client, { token: `${index}`, job: "Work", payload: { ms: 1500 } });
    }
    await waitForAllTasks(context);
    const completed = await eventually(
      async () =>
        (
          await context.cluster.sql.query("select attempt from joblib.task where room_id = $1", [
            context.room,
          ])
        ).rows,
      (rows) => rows.length === 4,
    );
    context.require(
      completed.length === 4,
      "I8",
      "not all tasks were completed while idle connections were cut",
    );
  },
};
