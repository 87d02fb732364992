import type { Health } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { answersWithin } from "../events/deadline.ts";
import { VERSION } from "../version.ts";

const PING_MS = 2_000;

/** How this server's parts are at the moment. */
export const readHealth = async ({
  storage,
  bus,
  settings,
  sweeps,
}: Pick<Context, "storage" | "bus" | "settings" | "sweeps">): Promise<Health> => ({
  version: VERSION,
  database: { state: (await answersWithin(storage.ping(), PING_MS)) ? "up" : "down" },
  bus: { state: bus.state, kind: bus.kind },
  sweeper: {
    state: sweeps.isLate(settings.sweeper_interval_seconds) ? "late" : "up",
    last_sweep: sweeps.last?.toISOString() ?? null,
    interval_seconds: settings.sweeper_interval_seconds,
  },
});
