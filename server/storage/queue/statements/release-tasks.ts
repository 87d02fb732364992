import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { setRequeued } from "./lease-end.ts";
import { touchWorker } from "./touch-worker.ts";

/** Requeues claimed tasks that the worker has not started. */
export const releaseTasks = async (db: Sql, workerId: string, taskIds: readonly string[]) => {
  const { rows } = await sql<TaskRow>`
    with updated as (
      update joblib.task as t set ${setRequeued("reported")}
      where t.id in (
          select n.id::uuid from jsonb_array_elements_text(${JSON.stringify(taskIds)}::jsonb) as n(id))
        and t.status = 'claimed' and t.worker_id = ${workerId}::uuid
      returning t.*
    ), ${touchWorker(workerId)}
    ${selectTasks("updated")} order by t.number`.execute(db);
  return rows;
};
