import { type RawBuilder, sql } from "kysely";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement } from "../../sql/statement.ts";
import { QUEUE_POSITION } from "./queue-position.ts";

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
export const findTasks = async (db: Sql, ids: readonly string[]): Promise<TaskRow[]> => {
  if (ids.length === 0) return [];
  const { rows } = await sql<TaskRow>`
    ${selectTasks("joblib.task")}
    where t.id in (select n.id::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as n(id))`.execute(
    db,
  );
  return rows;
};
