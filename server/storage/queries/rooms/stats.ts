import { sql } from "kysely";
import { GLOBAL_ROOM, MAX_COUNTED, type RoomSummary } from "../../../../protocol/index.ts";
import type { StatsStorage } from "../../ports/storage.ts";
import type { Sessions } from "../../sessions/sessions.ts";
import { isAlive } from "../../sql/statement.ts";
import { MAX_LEASED_TASKS, selectJobQueues } from "../jobs/job-queues.ts";
import { type EndedTasks, selectFinishedTasks } from "../tasks/finished-tasks.ts";

const NO_ENDED_TASKS: EndedTasks = { completed: 0, failed: 0, cancelled: 0, wait: null, run: null };

export const createStatsStorage = ({ readRow, readRows }: Sessions): StatsStorage => ({
  async listRoomNames(limit) {
    const rows = await readRows(selectRoomNames(limit));
    return rows.map((row) => row.room_id);
  },

  async summarizeRooms(roomIds, aliveWithinSeconds) {
    return roomIds.length === 0 ? [] : readRows(selectSummaries(roomIds, aliveWithinSeconds));
  },

  async getStats(roomId, hours, aliveWithinSeconds) {
    const row = await readRow(selectFinishedTasks(roomId, hours));
    if (row === undefined) throw new Error("the query of the stats returned no row");
    const queues = roomId === undefined ? [] : await readRows(selectJobQueues(roomId, aliveWithinSeconds));
    const endedTasks: Readonly<Record<string, EndedTasks>> = JSON.parse(row.jobs);
    return {
      since: row.since,
      until: row.until,
      stepSeconds: row.step,
      jobs: queues.map(({ id, roomId: room, category, name, ...queue }) => ({
        job: { roomId: room, category, name },
        ...queue,
        ...(endedTasks[id] ?? NO_ENDED_TASKS),
      })),
      series: JSON.parse(row.steps),
    };
  },
});

/**
 * Selects the names of rooms that have jobs or tasks, in alphabetical order. Each room takes one index probe, which reads the
 * name after the previous one, so the number of tasks does not matter.
 */
const selectRoomNames = (limit: number) => sql<{ room_id: string }>`
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
  order by room_id limit ${limit}::int`;

const selectPending = (isDue: boolean) => sql`
  select t.room_id from joblib.task as t
  where t.job_id = j.id and t.status = 'pending' and ${isDue ? sql`t.due` : sql`not t.due`}
  limit ${MAX_COUNTED}::int`;

/**
 * Counts the jobs, workers and open tasks of rooms. The tasks of a room's own job are all in this room. The tasks of a public
 * job may be in any room, so only the first ones in its queue are counted.
 */
const selectSummaries = (roomIds: readonly string[], aliveWithinSeconds: number) => sql<RoomSummary>`
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
  order by rooms.ordinal`;
