import { createHash } from "node:crypto";
import { createDatabase } from "../../support/postgres.ts";
import { createResilientPool } from "../cluster/cluster.ts";
import { createProxy, toProxyUrl } from "../cluster/proxy-url.ts";
import { ROOT, runJoblib } from "../cluster/server-process.ts";
import type { FaultCase } from "../run/fault-case.ts";

const COLUMNS = `select table_name, column_name, data_type, is_nullable, column_default
  from information_schema.columns where table_schema = 'joblib' order by 1, 2`;
const INDEXES = `select indexname, indexdef from pg_indexes where schemaname = 'joblib' order by 1`;
const CONSTRAINTS = `select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
  where connamespace = 'joblib'::regnamespace order by 1, 2`;

const computeSchemaChecksum = async (url: string): Promise<string> => {
  const sql = createResilientPool(url, 1);
  try {
    const parts = [COLUMNS, INDEXES, CONSTRAINTS].map(async (text) => (await sql.query(text)).rows);
    return createHash("sha256")
      .update(JSON.stringify(await Promise.all(parts)))
      .digest("hex");
  } finally {
    await sql.end();
  }
};

/**
 * `joblib migrate` is killed before it finishes, then run twice concurrently. The schema must equal
 * the schema of a new installation.
 */
export const killedMigration: FaultCase = {
  name: "F26 a migration is killed and then runs twice concurrently",
  invariants: ["I18"],
  async run(context) {
    const url = await createDatabase(context.cluster.postgres.url);
    const proxy = context.use(await createProxy(url));
    const migrate = (databaseUrl: string) => runJoblib(ROOT, ["migrate", "--database-url", databaseUrl], {});
    const middle = context.random.pick([
      /create table joblib\.job/,
      /create table joblib\.task/,
      /insert into joblib\.migration/,
    ]);
    const trap = proxy.trap({ request: middle, action: "silence" });
    const killed = migrate(toProxyUrl(url, proxy));
    await Promise.race([trap.triggered, killed.exit]);
    killed.kill("SIGKILL");
    await killed.exit;
    context.fault("migration killed");
    proxy.cut();

    const twice = [migrate(url), migrate(url)];
    for (const one of twice) {
      const { code } = await one.exit;
      context.require(code === 0, "I18", `joblib migrate exited with ${code}: ${one.stderr()}`);
    }
    const isSame =
      (await computeSchemaChecksum(url)) === (await computeSchemaChecksum(context.cluster.databaseUrl));
    context.require(isSame, "I18", "the migrated schema differs from that of a fresh installation");
  },
};
