import { type RawBuilder, sql } from "kysely";
import type { NewTask } from "../../../records.ts";
import { QUEUE_POSITION } from "../../queue/queue-order.ts";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatArray } from "../../sql/statement.ts";
import { isAlive } from "../workers/is-alive.ts";

const defineFind = (columns?: RawBuilder<unknown>) =>
  defineStatement<TaskRow, [id: string]>(
    (id) => sql`${selectTasks("joblib.task", columns)} where t.id = ${id}::uuid`,
  );

const find = defineFind();
const findWithQueuePosition = defineFind(QUEUE_POSITION);

/** Returns a task. Its queue position is optional, because other tasks must be counted for it. */
export const findTask = async (db: Sql, id: string, withQueuePosition: boolean) =>
  (await (withQueuePosition ? findWithQueuePosition : find)(db, id))[0];

/** Returns the tasks with these ids, in no particular order. Unknown ids are skipped. */
export async function findTasks(db: Sql, ids: readonly string[]): Promise<TaskRow[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<TaskRow>`
    ${selectTasks("joblib.task")} where t.id = any(${formatArray(ids)}::uuid[])`.execute(db);
  return rows;
}

/** A task that was found by its idempotency key. */
type KeyedTaskRow = TaskRow & { readonly request_hash: string; readonly workers_online: number };

/** Returns the task that this user submitted to this room with this idempotency key. */
export async function findTaskByKey(
  db: Sql,
  { createdById, roomId, idempotency }: NewTask,
  aliveWithinSeconds: number,
): Promise<KeyedTaskRow | undefined> {
  const columns = sql`, t.request_hash, (
    select count(*)::int from joblib.worker_job as wj join joblib.worker as w on w.id = wj.worker_id
    where wj.job_id = t.job_id and ${isAlive(aliveWithinSeconds)}) as workers_online`;
  const { rows } = await sql<KeyedTaskRow>`
    ${selectTasks("joblib.task", columns)}
    where t.created_by_id = ${createdById} and t.room_id = ${roomId}
      and t.idempotency_key = ${idempotency?.key ?? null}`.execute(db);
  return rows[0];
}
