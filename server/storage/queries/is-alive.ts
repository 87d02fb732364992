import { type RawBuilder, sql } from "kysely";
import type { Placeholder } from "./statement.ts";

/** True for a worker `w` whose last sign of life is no older, by the database's clock. */
export const isAlive = (withinSeconds: number | Placeholder): RawBuilder<boolean> =>
  sql<boolean>`w.last_heartbeat >= clock_timestamp() - make_interval(secs => ${withinSeconds}::float8)`;
