import type { Health } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { resolvesWithin } from "../events/resolves-within.ts";
import { VERSION } from "../version.ts";

const PING_MS = 2_000;

/** How the database is: away, or so many milliseconds near, and what it still lacks. */
const databaseState = async (storage: Context["storage"]): Promise<Health["database"]> => {
  const began = performance.now();
  const connection = storage.connectionSecurity();
  if (!(await resolvesWithin(storage.ping(), PING_MS))) {
    return { state: "down", milliseconds: null, pending_migrations: null, connection };
  }
  const milliseconds = Math.round((performance.now() - began) * 10) / 10;
  const pending = await storage.pendingMigrations().catch(() => null);
  return {
    ...{ state: "up", milliseconds, connection },
    pending_migrations: pending === null ? null : [...pending],
  };
};

/** How this server's parts are at the moment. */
export const readHealth = async ({
  storage,
  bus,
  settings,
  sweeps,
}: Pick<Context, "storage" | "bus" | "settings" | "sweeps">): Promise<Health> => ({
  version: VERSION,
  database: await databaseState(storage),
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
