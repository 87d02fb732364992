import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";

/**
 * Returns the names of rooms that have jobs or tasks, in alphabetical order. Each room takes one index probe,
 * which reads the next name after the previous one, so the number of tasks does not matter.
 */
export const listRoomNames = async (db: Sql, limit: number): Promise<string[]> => {
  const { rows } = await sql<{ room_id: string }>`
    with recursive task_rooms as (
      (select room_id from joblib.task_listing order by room_id limit 1)
      union all
      select n.room_id from task_rooms cross join lateral (
        select l.room_id from joblib.task_listing as l where l.room_id > task_rooms.room_id order by l.room_id limit 1
      ) as n
    )
    select room_id from (
      (select room_id from task_rooms limit ${limit}::int)
      union
      select room_id from joblib.job where removed_at is null
    ) as rooms
    order by room_id limit ${limit}::int`.execute(db);
  return rows.map((row) => row.room_id);
};
