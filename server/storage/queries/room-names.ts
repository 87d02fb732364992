import { sql } from "kysely";
import type { Sql } from "../sessions.ts";

/**
 * Names of rooms that hold jobs or tasks, in their order. One index probe for each room, however many tasks it has: the
 * next name behind the last.
 */
export const listRoomNames = async (db: Sql, limit: number): Promise<string[]> => {
  const { rows } = await sql<{ room_id: string }>`
    with recursive of_tasks as (
      (select room_id from joblib.task_place order by room_id limit 1)
      union all
      select n.room_id from of_tasks cross join lateral (
        select p.room_id from joblib.task_place as p where p.room_id > of_tasks.room_id order by p.room_id limit 1
      ) as n
    )
    select room_id from (
      (select room_id from of_tasks limit ${limit}::int)
      union
      select room_id from joblib.job where removed_at is null
    ) as rooms
    order by room_id limit ${limit}::int`.execute(db);
  return rows.map((row) => row.room_id);
};
