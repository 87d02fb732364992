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
  context.measure("PostgreSQL available again → first submit accepted", took);
  context.require(
    took < RECOVERY_MS,
    "I13",
    `the first submit was accepted ${took} ms after the database was available again`,
  );
};

/** PostgreSQL is restarted with a clean shutdown, under load. */
export const restartedPostgres: FaultCase = {
  name: "F10 PostgreSQL is restarted",
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

const SERVER_CONNECTIONS = `select pid from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;

/**
 * The whole PostgreSQL server crashes, then the process of a single connection is killed. Each time,
 * PostgreSQL recovers from its write-ahead log.
 */
export const crashedPostgres: FaultCase = {
  name: "F11 PostgreSQL crashes",
  invariants: ["I1"],
  cluster: { own: ["postgres"] },
  async run(context) {
    const { postgres, sql } = context.cluster;
    await runUnderLoad(context, {}, async () => {
      await context.pause(700);
      context.fault("PostgreSQL crashed");
      await postgres.restart("SIGQUIT");
      await requireRecovery(context);
      const { rows } = await sql.query<{ pid: number }>(SERVER_CONNECTIONS);
      if (rows.length === 0) throw new Error("the servers have no connection to kill");
      context.fault("PostgreSQL process killed");
      process.kill(context.random.pick(rows).pid, "SIGKILL");
      await submitWithRetry(context.client(), { token: "after the killed process" });
      await context.pause(500);
    });
  },
};

/** Database connections are terminated at random moments. */
export const terminatedConnections: FaultCase = {
  name: "F12 database connections are terminated",
  invariants: ["I1", "I6"],
  async run(context) {
    const terminateConnection = `select pg_terminate_backend(pid) from (${SERVER_CONNECTIONS} order by random() limit 1) as b`;
    await runUnderLoad(context, { submitters: 3 }, () =>
      repeatAtRandomTimes(context, { forMs: 4000, everyMs: 150 }, async () => {
        await context.cluster.sql.query(terminateConnection);
        context.fault("database connection ended");
      }),
    );
  },
};
