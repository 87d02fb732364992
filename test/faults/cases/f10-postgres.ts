import { submitSurely } from "../clients/submitter.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { atTimes, underLoad } from "../run/load.ts";
import type { Scene } from "../run/scene.ts";

const RECOVERY_MS = 2000;

/** From the moment in which the database answers again to the first submit that is taken. */
const requireRecovery = async (scene: Scene): Promise<void> => {
  const ready = monotonic();
  await submitSurely(scene.client("recovery"), { token: `after ${ready}` });
  const took = Math.round(monotonic() - ready);
  scene.measure("PostgreSQL back → first submit taken", took);
  scene.require(
    took < RECOVERY_MS,
    "I13",
    `the first submit was taken ${took} ms after the database was back`,
  );
};

/** PostgreSQL is restarted in order, under load. */
export const restartedPostgres: FaultCase = {
  name: "F10 PostgreSQL restarted",
  invariants: ["I1", "I2", "I16"],
  cluster: { own: ["postgres"] },
  async run(scene) {
    await underLoad(scene, {}, async () => {
      await scene.pause(700);
      scene.fault("PostgreSQL restarted");
      await scene.cluster.postgres.restart("SIGINT");
      await requireRecovery(scene);
      await scene.pause(500);
    });
  },
};

const BACKENDS = `select pid from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;

/** PostgreSQL crashes, as a whole and by the death of a backend, and recovers from its log. */
export const crashedPostgres: FaultCase = {
  name: "F11 PostgreSQL crashed",
  invariants: ["I1"],
  cluster: { own: ["postgres"] },
  async run(scene) {
    const { postgres, sql } = scene.cluster;
    await underLoad(scene, {}, async () => {
      await scene.pause(700);
      scene.fault("PostgreSQL crashed");
      await postgres.restart("SIGQUIT");
      await requireRecovery(scene);
      const { rows } = await sql.query<{ pid: number }>(BACKENDS);
      if (rows.length === 0) throw new Error("the servers have no connection to kill");
      scene.fault("backend killed");
      process.kill(scene.random.pick(rows).pid, "SIGKILL");
      await submitSurely(scene.client(), { token: "after the backend" });
      await scene.pause(500);
    });
  },
};

/** Connections to the database are ended in the middle of whatever they do. */
export const endedBackends: FaultCase = {
  name: "F12 database connections ended",
  invariants: ["I1", "I6"],
  async run(scene) {
    const end = `select pg_terminate_backend(pid) from (${BACKENDS} order by random() limit 1) as b`;
    await underLoad(scene, { submitters: 3 }, () =>
      atTimes(scene, { forMs: 4000, everyMs: 150 }, async () => {
        await scene.cluster.sql.query(end);
        scene.fault("database connection ended");
      }),
    );
  },
};
