import { sql } from "kysely";
import { GLOBAL_ROOM, MAX_COUNTED, type RoomSummary } from "../../../protocol/index.ts";
import type { Sql } from "../sessions.ts";
import { isAlive } from "./is-alive.ts";

/** Maximum number of claimed and running tasks that are read: as many as a hundred workers can have. */
const MAX_LEASED_TASKS = 10_000;

/**
 * Counts the jobs, workers and open tasks of rooms. All tasks of a room's own job are in this room, so they
 * are counted by an index on the job. The tasks of a global job may be in any room, so only the first tasks
 * in its queue are counted.
 */
export const summarizeRooms = async (
  db: Sql,
  roomIds: readonly string[],
  aliveWithinSeconds: number,
): Promise<RoomSummary[]> => {
  const selectPending = (due: boolean) => sql`
    select t.room_id from joblib.task as t
    where t.job_id = j.id and t.status = 'pending' and ${due ? sql`t.due` : sql`not t.due`}
    limit ${MAX_COUNTED}::int`;
  const { rows } = await sql<RoomSummary>`
    with rooms as materialized (
      select r.room_id, r.ordinal
      from jsonb_array_elements_text(${JSON.stringify(roomIds)}::jsonb) with ordinality as r(room_id, ordinal)
    ),
    jobs as materialized (
      select j.id, j.room_id from joblib.job as j
      where j.removed_at is null and (j.room_id = ${GLOBAL_ROOM} or j.room_id in (select room_id from rooms))
    ),
    pending as materialized (
      select p.room_id, count(*) as tasks from jobs as j
      cross join lateral ((${selectPending(true)}) union all (${selectPending(false)})) as p
      group by p.room_id
    ),
    leased as materialized (
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
      least(coalesce(pending.tasks, 0), ${MAX_COUNTED}::int)::int as pending,
      coalesce(leased.tasks, 0)::int as running
    from rooms
    left join pending on pending.room_id = rooms.room_id
    left join leased on leased.room_id = rooms.room_id
    order by rooms.ordinal`.execute(db);
  return rows;
};
