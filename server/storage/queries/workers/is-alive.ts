import { type RawBuilder, sql } from "kysely";
import type { Placeholder } from "../../sql/statement.ts";

/**
 * Builds the condition that the last heartbeat of the worker `w` is at most this old, by the clock of the
 * database.
 */
export const isAlive = (withinSeconds: number | Placeholder): RawBuilder<boolean> =>
  sql<boolean>`w.last_heartbeat >= clock_timestamp() - make_interval(secs => ${withinSeconds}::float8)`;
