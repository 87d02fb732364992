import { sql } from "kysely";
import { GLOBAL_ROOM, MAX_COUNTED, type RoomSummary } from "../../../protocol/index.ts";
import type { Sql } from "../sessions.ts";
import { isAlive } from "./is-alive.ts";

/** Held tasks that are looked at: as many as a hundred workers hold at most. */
const MAX_LEASED_TASKS = 10_000;

/**
 * Rooms in numbers. A room's own jobs have their tasks in it alone, so each is counted by its index; of a global job's
 * tasks, which may be any room's, the first in its queue are looked at.
 */
export const summarizeRooms = async (
  db: Sql,
  roomIds: readonly string[],
  aliveWithinSeconds: number,
): Promise<RoomSummary[]> => {
  const pendingOf = (due: boolean) => sql`
    select t.room_id from joblib.task as t
    where t.job_id = j.id and t.status = 'pending' and ${due ? sql`t.due` : sql`not t.due`}
    limit ${MAX_COUNTED}::int`;
  const { rows } = await sql<RoomSummary>`
    with rooms as materialized (
      select r.room_id, r.place
      from jsonb_array_elements_text(${JSON.stringify(roomIds)}::jsonb) with ordinality as r(room_id, place)
    ),
    jobs as materialized (
      select j.id, j.room_id from joblib.job as j
      where j.removed_at is null and (j.room_id = ${GLOBAL_ROOM} or j.room_id in (select room_id from rooms))
    ),
    waiting as materialized (
      select p.room_id, count(*) as tasks from jobs as j
      cross join lateral ((${pendingOf(true)}) union all (${pendingOf(false)})) as p
      group by p.room_id
    ),
    held as materialized (
      select h.room_id, count(*) as tasks from (
        select t.room_id from joblib.task as t where t.status in ('claimed', 'running') limit ${sql.lit(MAX_LEASED_TASKS)}
      ) as h
      group by h.room_id
    )
    select rooms.room_id,
      (select count(*) from jobs where jobs.room_id = rooms.room_id)::int as jobs,
      (select count(distinct w.id) from jobs
        join joblib.worker_job as wj on wj.job_id = jobs.id
        join joblib.worker as w on w.id = wj.worker_id
        where jobs.room_id = rooms.room_id and ${isAlive(aliveWithinSeconds)})::int as workers,
      least(coalesce(waiting.tasks, 0), ${MAX_COUNTED}::int)::int as pending,
      coalesce(held.tasks, 0)::int as running
    from rooms
    left join waiting on waiting.room_id = rooms.room_id
    left join held on held.room_id = rooms.room_id
    order by rooms.place`.execute(db);
  return rows;
};
