import { sql } from "kysely";
import { type LogLine, MAX_LINES_PER_ATTEMPT } from "../../../protocol/index.ts";
import { isUuid } from "../ids.ts";
import type { TaskLogStorage } from "../ports/tasks.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatTimeInSql } from "../sql/statement.ts";

export const createTaskLogStorage = ({ readRow, readRows }: Sessions): TaskLogStorage => ({
  async append({ taskId, attempt, workerId, lines }) {
    if (!isUuid(taskId) || (workerId !== undefined && !isUuid(workerId))) return false;
    const accepted = lines.filter(({ number }) => number < MAX_LINES_PER_ATTEMPT);
    const row = await readRow(sql<{ has_lease: boolean }>`
      with leased as materialized (
        select t.id from joblib.task as t
        where t.id = ${taskId}::uuid and t.attempt = ${attempt}::int and t.status = 'running'
          and (${workerId ?? null}::uuid is null or t.worker_id = ${workerId ?? null}::uuid)
        for key share
      ),
      inserted as (
        insert into joblib.task_log (task_id, attempt, number, at, level, text)
        select leased.id, ${attempt}::int, l.number, coalesce(l.at, now()), coalesce(l.level, 'info'), l.text
        from leased cross join lateral jsonb_to_recordset(${JSON.stringify(accepted)}::jsonb)
          as l(number integer, at timestamptz, level text, text text)
        on conflict (task_id, attempt, number) do nothing
      )
      select exists (select 1 from leased) as has_lease`);
    return row?.has_lease === true;
  },

  async read(taskId, after, limit) {
    if (!isUuid(taskId)) return [];
    return readRows(sql<LogLine>`
      select l.attempt, l.number, ${formatTimeInSql(sql`l.at`)} as at, l.level, l.text
      from joblib.task_log as l
      where l.task_id = ${taskId}::uuid and (l.attempt, l.number) > (${after.attempt}::int, ${after.number}::int)
      order by l.attempt, l.number limit ${limit}::int`);
  },
});
