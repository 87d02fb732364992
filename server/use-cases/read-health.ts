import type { Health } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { resolvesWithin } from "../events/resolves-within.ts";
import { describeFinding } from "../storage/unfit-database.ts";
import { VERSION } from "../version.ts";

const PING_MS = 2_000;

type Findings = Health["database"]["findings"];

/** The kinds of what keeps the server from working, each once; undefined if the database did not answer. */
const findingsOf = async ({ storage, log }: Pick<Context, "storage" | "log">): Promise<Findings> => {
  const findings = await storage.check().catch(() => undefined);
  // Roles and tables are for the server's administrator, not for every user.
  for (const finding of findings ?? [])
    log.error({ kind: finding.kind }, `joblib: ${describeFinding(finding)}`);
  const kinds = findings?.map(({ kind }) => kind).filter((kind) => kind !== "migrations");
  return kinds && [...new Set(kinds)];
};

/** Returns whether the database answers, how fast, and what it lacks. */
const databaseState = async (ports: Pick<Context, "storage" | "log">): Promise<Health["database"]> => {
  const { storage } = ports;
  const began = performance.now();
  const connection = storage.connectionSecurity();
  if (!(await resolvesWithin(storage.ping(), PING_MS))) {
    return { state: "down", milliseconds: null, pending_migrations: null, connection };
  }
  const milliseconds = Math.round((performance.now() - began) * 10) / 10;
  const pending = await storage.pendingMigrations().catch(() => null);
  const findings = await findingsOf(ports);
  return {
    ...{ state: "up", milliseconds, connection },
    pending_migrations: pending === null ? null : [...pending],
    ...(findings !== undefined && { findings }),
  };
};

/** How this server's parts are at the moment. */
export const readHealth = async ({
  storage,
  bus,
  settings,
  sweeps,
  log,
}: Pick<Context, "storage" | "bus" | "settings" | "sweeps" | "log">): Promise<Health> => ({
  version: VERSION,
  database: await databaseState({ storage, log }),
  bus: { state: bus.state, kind: bus.kind, connection: bus.connectionSecurity },
  sweeper: {
    state: sweeps.isLate(settings.sweeper_interval_seconds) ? "late" : "up",
    last_sweep: sweeps.last?.toISOString() ?? null,
    interval_seconds: settings.sweeper_interval_seconds,
  },
  long_poll_max_wait_seconds: settings.long_poll_max_wait_seconds,
  // Last, so that what was asked before does not age it.
  time: new Date().toISOString(),
});
