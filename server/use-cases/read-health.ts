import type { Health } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { getValueWithin, resolvesWithin } from "../events/resolves-within.ts";
import { VERSION } from "../package.ts";
import { describeFinding } from "../storage/database/unfit-database.ts";

/** Timeout of each query, because a connection to an overloaded database can take 30 s. */
const QUERY_TIMEOUT_MS = 2_000;

export async function readHealth(context: Context): Promise<Health> {
  const { bus, settings, sweepStatus } = context;
  return {
    version: VERSION,
    database: await readDatabaseState(context),
    bus: { state: bus.state, kind: bus.kind, connection: bus.connectionSecurity },
    sweeper: {
      state: sweepStatus.isLate(settings.sweeper_interval_seconds) ? "late" : "up",
      last_sweep: sweepStatus.last?.toISOString() ?? null,
      interval_seconds: settings.sweeper_interval_seconds,
    },
    long_poll_max_wait_seconds: settings.long_poll_max_wait_seconds,
    // Evaluated last, because the checks above take time.
    time: new Date().toISOString(),
  };
}

async function readDatabaseState({ storage, log }: Context): Promise<Health["database"]> {
  const startedAt = performance.now();
  const connection = storage.connectionSecurity();
  if (!(await resolvesWithin(storage.ping(), QUERY_TIMEOUT_MS))) {
    return { state: "down", milliseconds: null, pending_migrations: null, connection };
  }
  const milliseconds = Math.round((performance.now() - startedAt) * 10) / 10;
  const pending = await getValueWithin(storage.pendingMigrations(), QUERY_TIMEOUT_MS);
  const found = await getValueWithin(storage.check(), QUERY_TIMEOUT_MS);
  // Names of roles and tables are logged for the administrator, but not returned to every user.
  for (const finding of found ?? []) log.error({ kind: finding.kind }, `joblib: ${describeFinding(finding)}`);
  const findings = found?.map(({ kind }) => kind).filter((kind) => kind !== "migrations");
  return {
    ...{ state: "up", milliseconds, connection },
    pending_migrations: pending === undefined ? null : [...pending],
    ...(findings !== undefined && { findings: [...new Set(findings)] }),
  };
}
