import { type RawBuilder, sql } from "kysely";
import { MAX_FILTERED, MAX_SEARCHED } from "../../../../protocol/index.ts";
import type { TaskSelection } from "../../ports/tasks.ts";
import type { Sql } from "../../sessions/orm.ts";

/**
 * Maximum stored size of a payload that is searched, in bytes. Reading 10,000 larger payloads took longer
 * than a user is willing to wait.
 */
const MAX_SEARCHED_PAYLOAD_BYTES = 8192;

/** The position of a task in the lists. The time is text, because a `Date` would lose the microseconds. */
export interface ListPosition {
  readonly id: string;
  readonly created_at: string;
}

/** Returns the list position of a task, or undefined if the room does not have this task. */
export const findListPosition = async (
  db: Sql,
  roomId: string,
  id: string,
): Promise<ListPosition | undefined> => {
  const { rows } = await sql<ListPosition>`
    select id, created_at::text as created_at from joblib.task
    where id = ${id}::uuid and room_id = ${roomId}`.execute(db);
  return rows[0];
};

const selectIds = (ids: readonly string[]) =>
  sql`(select n.id::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as n(id))`;

const toPattern = (text: string) => `%${text.replace(/[\\%_]/g, "\\$&")}%`;

/** Builds a condition on the tasks `s`. Returns undefined if every list entry matches. */
const buildCondition = ({
  jobIds,
  statuses,
  createdById,
  text,
}: TaskSelection): RawBuilder<unknown> | undefined => {
  const parts: RawBuilder<unknown>[] = [];
  if (jobIds !== undefined && jobIds.length > 1) parts.push(sql`s.job_id in ${selectIds(jobIds)}`);
  if (statuses !== undefined) parts.push(sql`s.status in (${sql.join(statuses)})`);
  if (createdById !== undefined) parts.push(sql`s.created_by_id = ${createdById}`);
  if (text !== undefined) {
    const pattern = toPattern(text);
    parts.push(sql`(s.id::text like ${toPattern(text.toLowerCase()).slice(1)} or s.error ilike ${pattern}
      or (pg_column_size(s.payload) <= ${sql.lit(MAX_SEARCHED_PAYLOAD_BYTES)} and s.payload::text ilike ${pattern}))`);
  }
  return parts.length === 0 ? undefined : sql.join(parts, sql` and `);
};

/** Returns the maximum number of list entries that are read. Returns undefined if every entry matches. */
export const getMaxScanned = (selection: TaskSelection): number | undefined => {
  // A list of given ids is read completely.
  if (selection.ids !== undefined || buildCondition(selection) === undefined) return undefined;
  return selection.text === undefined ? MAX_FILTERED : MAX_SEARCHED;
};

const buildCursor = (after: ListPosition | undefined) =>
  after === undefined
    ? sql``
    : sql`and (l.created_at, l.task_id) < (${after.created_at}::timestamptz, ${after.id}::uuid)`;

/**
 * Selects the list entries after a position, in the order of the list: those of a job, of a room, or those
 * with the given ids.
 */
export const selectEntries = (
  { roomId, jobIds, ids }: TaskSelection,
  after?: ListPosition,
): RawBuilder<unknown> => {
  const [jobId, other] = jobIds ?? [];
  // A selection of several jobs is rare. It reads every task, because no index contains the tasks of several
  // jobs in one order.
  const ofJob =
    jobIds === undefined || other !== undefined
      ? sql``
      : jobId === undefined
        ? sql`and false`
        : sql`and l.job_id = ${jobId}::uuid`;
  const source =
    ids === undefined
      ? sql`joblib.task_listing`
      : sql`(select id as task_id, room_id, job_id, created_at from joblib.task where id in ${selectIds(ids)})`;
  return sql`
    select l.task_id, l.created_at from ${source} as l
    where l.room_id = ${roomId} ${ofJob} ${buildCursor(after)}
    order by l.created_at desc, l.task_id desc`;
};

/** Selects the matching entries in the order of the list. Reads at most `getMaxScanned` entries. */
export const selectMatches = (selection: TaskSelection, after?: ListPosition): RawBuilder<unknown> => {
  const entries = selectEntries(selection, after);
  const condition = buildCondition(selection);
  if (condition === undefined) return entries;
  const max = getMaxScanned(selection);
  // A lateral join checks the entries in the order of the list, instead of reading and sorting all matches.
  return sql`
    select l.task_id, l.created_at
    from (${entries} ${max === undefined ? sql`` : sql`limit ${sql.lit(max)}`}) as l
    cross join lateral (select from joblib.task as s where s.id = l.task_id and ${condition} limit 1) as s
    order by l.created_at desc, l.task_id desc`;
};

/** Returns the id of the last entry that a selection reads, or null if the list ends before. */
export const findLastScanned = async (
  db: Sql,
  selection: TaskSelection,
  after?: ListPosition,
): Promise<string | null> => {
  const max = getMaxScanned(selection);
  if (max === undefined) return null;
  const { rows } = await sql<{ task_id: string }>`
    ${selectEntries(selection, after)} limit 1 offset ${sql.lit(max - 1)}`.execute(db);
  return rows[0]?.task_id ?? null;
};
