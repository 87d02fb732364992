import { createHash } from "node:crypto";
import { createDatabase } from "../../support/postgres.ts";
import { toughPool } from "../cluster/cluster.ts";
import { ROOT, runJoblib } from "../cluster/faulty-server.ts";
import { linkTo, through } from "../cluster/link.ts";
import type { FaultCase } from "../run/fault-case.ts";

const COLUMNS = `select table_name, column_name, data_type, is_nullable, column_default
  from information_schema.columns where table_schema = 'joblib' order by 1, 2`;
const INDEXES = `select indexname, indexdef from pg_indexes where schemaname = 'joblib' order by 1`;
const CONSTRAINTS = `select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
  where connamespace = 'joblib'::regnamespace order by 1, 2`;

const checksumOf = async (url: string): Promise<string> => {
  const sql = toughPool(url, 1);
  try {
    const parts = [COLUMNS, INDEXES, CONSTRAINTS].map(async (text) => (await sql.query(text)).rows);
    return createHash("sha256")
      .update(JSON.stringify(await Promise.all(parts)))
      .digest("hex");
  } finally {
    await sql.end();
  }
};

/** `joblib migrate` is killed in the middle, then started twice at once; what comes of it is a fresh installation. */
export const killedMigration: FaultCase = {
  name: "F26 migrations killed, and twice at once",
  invariants: ["I18"],
  async run(scene) {
    const url = await createDatabase(scene.cluster.postgres.url);
    const link = scene.use(await linkTo(url));
    const migrate = (databaseUrl: string) => runJoblib(ROOT, ["migrate", "--database-url", databaseUrl], {});
    const middle = scene.random.pick([
      /create table joblib\.job/,
      /create table joblib\.task/,
      /insert into joblib\.migration/,
    ]);
    const trap = link.trap({ request: middle, fate: "hold" });
    const killed = migrate(through(url, link));
    await Promise.race([trap.sprung, killed.exit]);
    killed.kill("SIGKILL");
    await killed.exit;
    scene.fault("migration killed");
    link.cut();

    const twice = [migrate(url), migrate(url)];
    for (const one of twice) {
      const { code } = await one.exit;
      scene.require(code === 0, "I18", `joblib migrate ended with ${code}: ${one.stderr()}`);
    }
    const isSame = (await checksumOf(url)) === (await checksumOf(scene.cluster.databaseUrl));
    scene.require(isSame, "I18", "the migrated schema is not that of a fresh installation");
  },
};
