import { sql } from "kysely";
import type { NewTask } from "../../../records.ts";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { isAlive } from "../workers/is-alive.ts";

/** A task that was found by its idempotency key. */
export type KeyedTaskRow = TaskRow & { request_hash: string; workers_online: number };

/** Returns the task that this user submitted to this room with this idempotency key. */
export const findTaskByKey = async (db: Sql, task: NewTask, aliveWithinSeconds: number) => {
  const columns = sql`, t.request_hash, (
    select count(*)::int from joblib.worker_job as wj join joblib.worker as w on w.id = wj.worker_id
    where wj.job_id = t.job_id and ${isAlive(aliveWithinSeconds)}) as workers_online`;
  const { rows } = await sql<KeyedTaskRow>`
    ${selectTasks("joblib.task", columns)}
    where t.created_by_id = ${task.createdById} and t.room_id = ${task.roomId}
      and t.idempotency_key = ${task.idempotency?.key ?? null}`.execute(db);
  return rows[0];
};
