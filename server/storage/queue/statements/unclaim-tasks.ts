import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { setRequeued } from "./lease-end.ts";

/**
 * Undoes claims whose response was not delivered. If the claim also started the tasks, this is undone as
 * well.
 */
export const unclaimTasks = async (
  db: Sql,
  claims: readonly { readonly id: string; readonly attempt: number }[],
) => {
  const { rows } = await sql<TaskRow>`
    with claims as (
      select * from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as c(id uuid, attempt integer)
    ),
    updated as (
      update joblib.task as t set
        runs = t.runs - case when t.status = 'running' then 1 else 0 end, ${setRequeued("lost")}
      from claims
      where t.id = claims.id and t.attempt = claims.attempt and t.status in ('claimed', 'running')
      returning t.*
    )
    ${selectTasks("updated")} order by t.number`.execute(db);
  return rows;
};
