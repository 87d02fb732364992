import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { setRequeued } from "./lease-end.ts";

/** Undoes claims that nobody received, their start included. */
export const unclaimTasks = async (
  db: Sql,
  claims: readonly { readonly id: string; readonly attempt: number }[],
) => {
  const { rows } = await sql<TaskRow>`
    with undone as (
      select * from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as c(id uuid, attempt integer)
    ),
    moved as (
      update joblib.task as t set
        runs = t.runs - case when t.status = 'running' then 1 else 0 end, ${setRequeued("lost")}
      from undone
      where t.id = undone.id and t.attempt = undone.attempt and t.status in ('claimed', 'running')
      returning t.*
    )
    ${selectTasks("moved")} order by t.number`.execute(db);
  return rows;
};
