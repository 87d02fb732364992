import { type RawBuilder, sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { QUEUE_POSITION } from "./queue-position.ts";
import { defineStatement } from "./statement.ts";

const find = (more?: RawBuilder<unknown>) =>
  defineStatement<TaskRow, [id: string]>(
    (id) => sql`${selectTasks("joblib.task", more)} where t.id = ${id}::uuid`,
  );

const plain = find();
const placed = find(QUEUE_POSITION);

/** One task, with its place in the queue where that is asked for: it costs a count. */
export const findTask = async (db: Sql, id: string, withQueuePosition: boolean) =>
  (await (withQueuePosition ? placed : plain)(db, id))[0];

/** Those of the tasks that are there. */
export const findTasks = async (db: Sql, ids: readonly string[]): Promise<TaskRow[]> => {
  if (ids.length === 0) return [];
  const { rows } = await sql<TaskRow>`
    ${selectTasks("joblib.task")}
    where t.id in (select n.id::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as n(id))`.execute(
    db,
  );
  return rows;
};
