import { sql } from "kysely";
import { MAX_TASKS_SHOWN } from "../../../../protocol/index.ts";
import { type ListedWorkerRow, selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { selectWorkers, WORKER_JOBS } from "./list-workers.ts";

/** Returns a worker with the columns that a list of workers has. */
export const findListedWorker = async (db: Sql, id: string, aliveWithinSeconds: number) => {
  const { rows } = await sql<ListedWorkerRow>`
    ${selectWorkers(aliveWithinSeconds)} where w.id = ${id}::uuid`.execute(db);
  return rows[0];
};

/** Returns the addresses of a worker's registered jobs. */
export const findWorkerJobs = async (db: Sql, id: string) => {
  const { rows } = await sql<{ room_id: string; category: string; name: string }>`
    select j.room_id, j.category, j.name from joblib.worker as w cross join lateral (
      select j.* from ${WORKER_JOBS} where j.removed_at is null
    ) as j
    where w.id = ${id}::uuid order by j.room_id, j.category, j.name`.execute(db);
  return rows;
};

/** Returns the claimed and running tasks of a worker, in the order of their claims. */
export const findLeasedTasks = async (db: Sql, id: string) => {
  const { rows } = await sql<TaskRow & { claimed_at: string }>`
    ${selectTasks("joblib.task", sql`, t.claimed_at::text as claimed_at`)}
    where t.worker_id = ${id}::uuid and t.status in ('claimed', 'running')
    order by t.claimed_at, t.id limit ${MAX_TASKS_SHOWN}::int`.execute(db);
  return rows;
};
