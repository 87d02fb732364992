import { sql } from "kysely";
import { MAX_COUNTED } from "../../../../protocol/index.ts";
import type { SelectedTask, SelectedTasks, TaskSelection, TaskWindow } from "../../ports/tasks.ts";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { QUEUE_POSITION } from "./queue-position.ts";
import { findLastScanned, findListPosition, getMaxScanned, selectMatches } from "./select-tasks.ts";

/**
 * Returns a page of a room's tasks, newest first, and their total number. Returns undefined if `after` is not
 * a task of the room.
 */
export const listTasks = async (db: Sql, selection: TaskSelection, { limit, offset, after }: TaskWindow) => {
  const cursor = after === undefined ? undefined : await findListPosition(db, selection.roomId, after);
  if (after !== undefined && cursor === undefined) return undefined;
  const page = await sql<TaskRow>`
    ${selectTasks("joblib.task", QUEUE_POSITION)}
    join (${selectMatches(selection, cursor)} limit ${limit}::int offset ${offset}::int) as page on page.task_id = t.id
    order by page.created_at desc, page.task_id desc`.execute(db);
  const isComplete = cursor === undefined && offset === 0 && page.rows.length < limit;
  const total = isComplete ? page.rows.length : await countTasks(db, selection);
  const isSearchEnd = page.rows.length < limit && getMaxScanned(selection) !== undefined;
  const searchedTo = isSearchEnd ? await findLastScanned(db, selection, cursor) : undefined;
  return { rows: page.rows, total, searchedTo };
};

const countTasks = async (db: Sql, selection: TaskSelection): Promise<number> => {
  const { rows } = await sql<{ total: number }>`
    select count(*)::int as total from (${selectMatches(selection)} limit ${MAX_COUNTED}::int) as counted`.execute(
    db,
  );
  return rows[0]?.total ?? 0;
};

/** Like `listTasks`, but returns only ids and submitters, and the id after which to continue. */
export const listTaskIds = async (
  db: Sql,
  selection: TaskSelection,
  { limit, after }: Omit<TaskWindow, "offset">,
): Promise<SelectedTasks | undefined> => {
  const cursor = after === undefined ? undefined : await findListPosition(db, selection.roomId, after);
  if (after !== undefined && cursor === undefined) return undefined;
  const { rows } = await sql<SelectedTask>`
    select m.task_id as id, t.created_by_id as "createdById"
    from (${selectMatches(selection, cursor)} limit ${limit + 1}::int) as m join joblib.task as t on t.id = m.task_id
    order by m.created_at desc, m.task_id desc`.execute(db);
  const tasks = rows.slice(0, limit);
  const hasMore = rows.length > limit;
  return {
    tasks,
    after: hasMore ? (tasks.at(-1)?.id ?? null) : await findLastScanned(db, selection, cursor),
  };
};
