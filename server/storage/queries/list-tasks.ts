import { type RawBuilder, sql } from "kysely";
import { MAX_COUNTED, MAX_FILTERED, MAX_SEARCHED } from "../../../protocol/index.ts";
import type { SelectedTasks, TaskSelection, TaskWindow } from "../ports/tasks.ts";
import { QUEUE_POSITION } from "../queue/queue-order.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import { formatArray, readRow } from "../sql/statement.ts";

/**
 * Maximum stored size of a payload that a search reads, in bytes. A search may read 10,000 payloads
 * while a user waits.
 */
const MAX_SEARCHED_PAYLOAD_BYTES = 8192;

/**
 * Returns a page of a room's tasks, newest first. Returns undefined if `after` is not a task of the
 * room.
 */
export async function listTasks(db: Sql, selection: TaskSelection, { limit, offset, after }: TaskWindow) {
  const cursor = after === undefined ? undefined : await findListPosition(db, selection.roomId, after);
  if (after !== undefined && cursor === undefined) return undefined;
  const { rows } = await sql<TaskRow>`
    ${selectTasks("joblib.task", QUEUE_POSITION)}
    join (${selectMatches(selection, cursor)} limit ${limit}::int offset ${offset}::int) as page
      on page.task_id = t.id
    order by page.created_at desc, page.task_id desc`.execute(db);
  const isComplete = cursor === undefined && offset === 0 && rows.length < limit;
  const total = isComplete ? rows.length : await countTasks(db, selection);
  const isSearchEnd = rows.length < limit && getMaxScanned(selection) !== undefined;
  const searchedTo = isSearchEnd ? await findLastScanned(db, selection, cursor) : undefined;
  return { items: rows.map(toTaskRecord), total, searchedTo };
}

async function countTasks(db: Sql, selection: TaskSelection): Promise<number> {
  const count = sql<{ total: number }>`
    select count(*)::int as total from (${selectMatches(selection)} limit ${MAX_COUNTED}::int) as counted`;
  return (await readRow(db, count))?.total ?? 0;
}

/**
 * Returns a page of a room's tasks like `listTasks`, but only their ids and submitters, and the id
 * after which the next page begins.
 */
export async function listTaskIds(
  db: Sql,
  selection: TaskSelection,
  { limit, after }: Omit<TaskWindow, "offset">,
): Promise<SelectedTasks | undefined> {
  const cursor = after === undefined ? undefined : await findListPosition(db, selection.roomId, after);
  if (after !== undefined && cursor === undefined) return undefined;
  const { rows } = await sql<SelectedTasks["tasks"][number]>`
    select m.task_id as id, t.created_by_id as "createdById"
    from (${selectMatches(selection, cursor)} limit ${limit + 1}::int) as m
    join joblib.task as t on t.id = m.task_id
    order by m.created_at desc, m.task_id desc`.execute(db);
  const tasks = rows.slice(0, limit);
  const hasMore = rows.length > limit;
  const last = hasMore ? (tasks.at(-1)?.id ?? null) : await findLastScanned(db, selection, cursor);
  return { tasks, after: last };
}

/**
 * The position of a task in the lists. The time is text, because a `Date` would lose the
 * microseconds.
 */
interface ListPosition {
  readonly id: string;
  readonly created_at: string;
}

const findListPosition = (db: Sql, roomId: string, id: string): Promise<ListPosition | undefined> =>
  readRow(
    db,
    sql`select id, created_at::text as created_at from joblib.task where id = ${id}::uuid and room_id = ${roomId}`,
  );

function selectMatches(selection: TaskSelection, after?: ListPosition): RawBuilder<unknown> {
  const entries = selectEntries(selection, after);
  const condition = buildCondition(selection);
  if (condition === undefined) return entries;
  const max = getMaxScanned(selection);
  // A lateral join checks the tasks in the order of the list. A plain join could read and sort all
  // matching tasks first.
  return sql`
    select l.task_id, l.created_at
    from (${entries} ${max === undefined ? sql`` : sql`limit ${sql.lit(max)}`}) as l
    cross join lateral (select from joblib.task as s where s.id = l.task_id and ${condition} limit 1) as s
    order by l.created_at desc, l.task_id desc`;
}

/** Returns the id of the last task that a filter may check; null if the list has fewer tasks. */
async function findLastScanned(db: Sql, selection: TaskSelection, after?: ListPosition) {
  const max = getMaxScanned(selection);
  if (max === undefined) return null;
  const last = sql<{
    task_id: string;
  }>`${selectEntries(selection, after)} limit 1 offset ${sql.lit(max - 1)}`;
  return (await readRow(db, last))?.task_id ?? null;
}

function getMaxScanned(selection: TaskSelection): number | undefined {
  // A selection by ids checks all tasks with these ids.
  if (selection.ids !== undefined || buildCondition(selection) === undefined) return undefined;
  return selection.text === undefined ? MAX_FILTERED : MAX_SEARCHED;
}

/**
 * Selects the tasks of a room, newest first, starting after a position. If the selection has ids or
 * exactly one job, selects only those tasks. Several jobs are filtered later, by `buildCondition`.
 */
function selectEntries({ roomId, jobIds, ids }: TaskSelection, after?: ListPosition): RawBuilder<unknown> {
  const conditions = [sql`l.room_id = ${roomId}`];
  const [jobId, other] = jobIds ?? [];
  // For several jobs, which is rare, a filter checks every task of the room, because no index
  // contains the tasks of several jobs in the order of the list.
  if (jobIds?.length === 0) conditions.push(sql`false`);
  else if (jobId !== undefined && other === undefined) conditions.push(sql`l.job_id = ${jobId}::uuid`);
  if (after !== undefined) {
    conditions.push(sql`(l.created_at, l.task_id) < (${after.created_at}::timestamptz, ${after.id}::uuid)`);
  }
  const source =
    ids === undefined
      ? sql`joblib.task_listing`
      : sql`(select id as task_id, room_id, job_id, created_at from joblib.task where ${isAnyOf(sql`id`, ids)})`;
  return sql`
    select l.task_id, l.created_at from ${source} as l where ${sql.join(conditions, sql` and `)}
    order by l.created_at desc, l.task_id desc`;
}

function buildCondition(selection: TaskSelection): RawBuilder<unknown> | undefined {
  const { jobIds, statuses, createdById, text } = selection;
  const conditions: RawBuilder<unknown>[] = [];
  if (jobIds !== undefined && jobIds.length > 1) conditions.push(isAnyOf(sql`s.job_id`, jobIds));
  if (statuses !== undefined) conditions.push(sql`s.status in (${sql.join(statuses)})`);
  if (createdById !== undefined) conditions.push(sql`s.created_by_id = ${createdById}`);
  if (text !== undefined) {
    const pattern = toPattern(text);
    conditions.push(sql`(s.id::text like ${toPattern(text.toLowerCase()).slice(1)} or s.error ilike ${pattern}
      or (pg_column_size(s.payload) <= ${sql.lit(MAX_SEARCHED_PAYLOAD_BYTES)} and s.payload::text ilike ${pattern}))`);
  }
  return conditions.length === 0 ? undefined : sql.join(conditions, sql` and `);
}

const isAnyOf = (id: RawBuilder<unknown>, ids: readonly string[]) =>
  sql`${id} = any(${formatArray(ids)}::uuid[])`;

const toPattern = (text: string) => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
