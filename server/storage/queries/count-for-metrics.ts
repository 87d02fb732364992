import { sql } from "kysely";
import type { Sql } from "../sessions.ts";
import { isAlive } from "./alive.ts";

/** Open tasks by status, counted by their partial indexes: the history does not matter. */
export const countOpenTasks = async (db: Sql) => {
  const { rows } = await sql<{ pending: number; claimed: number; running: number }>`
    select
      ((select count(*) from joblib.task where status = 'pending' and due)
        + (select count(*) from joblib.task where status = 'pending' and not due))::int as pending,
      held.claimed, held.running
    from (
      select count(*) filter (where status = 'claimed')::int as claimed,
        count(*) filter (where status = 'running')::int as running
      from joblib.task where status in ('claimed', 'running')
    ) as held`.execute(db);
  return { pending: 0, claimed: 0, running: 0, ...rows[0] };
};

/** Workers with a sign of life within the threshold. */
export const countWorkersAlive = async (db: Sql, withinSeconds: number): Promise<number> => {
  const { rows } = await sql<{ alive: number }>`
    select count(*)::int as alive from joblib.worker as w where ${isAlive(withinSeconds)}`.execute(db);
  return rows[0]?.alive ?? 0;
};
