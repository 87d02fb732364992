import { sql } from "kysely";
import { MAX_COUNTED } from "../../../protocol/index.ts";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import type { SelectedTask, SelectedTasks, TaskSelection, TaskWindow } from "../task-lists.ts";
import { QUEUE_POSITION } from "./queue-position.ts";
import { findLastScanned, findListPosition, getMaxScanned, selectMatches } from "./select-tasks.ts";

/** A window on a room's tasks, newest first, and how many there are; undefined where `after` is none of the room's. */
export const listTasks = async (db: Sql, of: TaskSelection, { limit, offset, after }: TaskWindow) => {
  const cursor = after === undefined ? undefined : await findListPosition(db, of.roomId, after);
  if (after !== undefined && cursor === undefined) return undefined;
  const page = await sql<TaskRow>`
    ${selectTasks("joblib.task", QUEUE_POSITION)}
    join (${selectMatches(of, cursor)} limit ${limit}::int offset ${offset}::int) as page on page.task_id = t.id
    order by page.created_at desc, page.task_id desc`.execute(db);
  const isWhole = cursor === undefined && offset === 0 && page.rows.length < limit;
  const total = isWhole ? page.rows.length : await countTasks(db, of);
  const isShort = page.rows.length < limit && getMaxScanned(of) !== undefined;
  const searchedTo = isShort ? await findLastScanned(db, of, cursor) : undefined;
  return { rows: page.rows, total, searchedTo };
};

const countTasks = async (db: Sql, of: TaskSelection): Promise<number> => {
  const { rows } = await sql<{ total: number }>`
    select count(*)::int as total from (${selectMatches(of)} limit ${MAX_COUNTED}::int) as counted`.execute(
    db,
  );
  return rows[0]?.total ?? 0;
};

/** The same tasks by their names alone. */
export const listTaskIds = async (
  db: Sql,
  of: TaskSelection,
  { limit, after }: Omit<TaskWindow, "offset">,
): Promise<SelectedTasks | undefined> => {
  const cursor = after === undefined ? undefined : await findListPosition(db, of.roomId, after);
  if (after !== undefined && cursor === undefined) return undefined;
  const { rows } = await sql<SelectedTask>`
    select m.task_id as id, t.created_by_id as "createdById"
    from (${selectMatches(of, cursor)} limit ${limit + 1}::int) as m join joblib.task as t on t.id = m.task_id
    order by m.created_at desc, m.task_id desc`.execute(db);
  const tasks = rows.slice(0, limit);
  const isMore = rows.length > limit;
  return { tasks, after: isMore ? (tasks.at(-1)?.id ?? null) : await findLastScanned(db, of, cursor) };
};
