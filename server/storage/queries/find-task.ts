import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { QUEUE_POSITION } from "./queue-position.ts";

/** One task, with its place in the queue where that is asked for: it costs a count. */
export const findTask = async (db: Sql, id: string, withQueuePosition: boolean) => {
  const { rows } = await sql<TaskRow>`
    ${selectTasks("joblib.task", withQueuePosition ? QUEUE_POSITION : sql``)}
    where t.id = ${id}::uuid`.execute(db);
  return rows[0];
};
