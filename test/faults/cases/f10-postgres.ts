import { submitWithRetry } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { repeatAtRandomTimes, runUnderLoad } from "../run/load.ts";

const RECOVERY_MS = 2000;

/** Requires that a submit succeeds soon after the database responds again. */
const requireRecovery = async (context: CaseContext): Promise<void> => {
  const ready = monotonic();
  await submitWithRetry(context.client("recovery"), { token: `after ${ready}` });
  const took = Math.round(monotonic() - ready);
  context.measure("PostgreSQL back → first submit accepted", took);
  context.require(
    took < RECOVERY_MS,
    "I13",
    `the first submit was accepted ${took} ms after the database was back`,
  );
};

/** PostgreSQL is restarted with a clean shutdown, under load. */
export const restartedPostgres: FaultCase = {
  name: "F10 PostgreSQL restarted",
  invariants: ["I1", "I2", "I16"],
  cluster: { own: ["postgres"] },
  async run(context) {
    await runUnderLoad(context, {}, async () => {
      await context.pause(700);
      context.fault("PostgreSQL restarted");
      await context.cluster.postgres.restart("SIGINT");
      await requireRecovery(context);
      await context.pause(500);
    });
  },
};

const BACKENDS = `select pid from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;

/**
 * The whole PostgreSQL server crashes, then a single backend is killed. Each time, PostgreSQL
 * recovers from its write-ahead log.
 */
export const crashedPostgres: FaultCase = {
  name: "F11 PostgreSQL crashed",
  invariants: ["I1"],
  cluster: { own: ["postgres"] },
  async run(context) {
    const { postgres, sql } = context.cluster;
    await runUnderLoad(context, {}, async () => {
      await context.pause(700);
      context.fault("PostgreSQL crashed");
      await postgres.restart("SIGQUIT");
      await requireRecovery(context);
      const { rows } = await sql.query<{ pid: number }>(BACKENDS);
      if (rows.length === 0) throw new Error("the servers have no connection to kill");
      context.fault("backend killed");
      process.kill(context.random.pick(rows).pid, "SIGKILL");
      await submitWithRetry(context.client(), { token: "after the backend" });
      await context.pause(500);
    });
  },
};

/** Database connections are terminated at random moments. */
export const endedBackends: FaultCase = {
  name: "F12 database connections ended",
  invariants: ["I1", "I6"],
  async run(context) {
    const end = `select pg_terminate_backend(pid) from (${BACKENDS} order by random() limit 1) as b`;
    await runUnderLoad(context, { submitters: 3 }, () =>
      repeatAtRandomTimes(context, { forMs: 4000, everyMs: 150 }, async () => {
        await context.cluster.sql.query(end);
        context.fault("database connection ended");
      }),
    );
  },
};
