import type { Health } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { VERSION } from "../version.ts";

/** How the database is: away, or so many milliseconds near, and what it still lacks. */
const databaseState = async (storage: Context["storage"]): Promise<Health["database"]> => {
  try {
    const began = performance.now();
    await storage.ping();
    const milliseconds = Math.round((performance.now() - began) * 10) / 10;
    return { state: "up", milliseconds, pending_migrations: [...(await storage.pendingMigrations())] };
  } catch {
    return { state: "down", milliseconds: null, pending_migrations: null };
  }
};

/** How the server's parts are, as this process sees them. */
export const readHealth = async ({
  storage,
  bus,
  settings,
}: Pick<Context, "storage" | "bus" | "settings">): Promise<Health> => ({
  version: VERSION,
  database: await databaseState(storage),
  bus: { state: bus.state, kind: bus.kind },
  long_poll_max_wait_seconds: settings.long_poll_max_wait_seconds,
  // Last, so that what was asked before does not age it.
  time: new Date().toISOString(),
});
