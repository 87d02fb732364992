import { type RawBuilder, sql } from "kysely";
import { MAX_FILTERED, MAX_SEARCHED } from "../../../protocol/index.ts";
import type { Sql } from "../sessions.ts";
import type { TaskSelection } from "../task-lists.ts";

/** Larger payloads, as they are stored, are not searched: reading 10,000 of them took longer than anybody waits. */
const MAX_SEARCHED_PAYLOAD_BYTES = 8192;

/** A task's place in the lists; the time as text, for a Date would lose the microseconds. */
export interface ListPosition {
  readonly id: string;
  readonly created_at: string;
}

/** Where a task of the room stands. */
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

const uuids = (ids: readonly string[]) =>
  sql`(select n.id::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as n(id))`;

const pattern = (text: string) => `%${text.replace(/[\\%_]/g, "\\$&")}%`;

/** What only the task's own row tells; undefined where every task of the list will do. */
const condition = ({
  jobIds,
  statuses,
  createdById,
  text,
}: TaskSelection): RawBuilder<unknown> | undefined => {
  const parts: RawBuilder<unknown>[] = [];
  if (jobIds !== undefined && jobIds.length > 1) parts.push(sql`s.job_id in ${uuids(jobIds)}`);
  if (statuses !== undefined) parts.push(sql`s.status in (${sql.join(statuses)})`);
  if (createdById !== undefined) parts.push(sql`s.created_by_id = ${createdById}`);
  if (text !== undefined) {
    parts.push(sql`(s.id::text like ${pattern(text.toLowerCase()).slice(1)} or s.error ilike ${pattern(text)}
      or (pg_column_size(s.payload) <= ${sql.lit(MAX_SEARCHED_PAYLOAD_BYTES)} and s.payload::text ilike ${pattern(text)}))`);
  }
  return parts.length === 0 ? undefined : sql.join(parts, sql` and `);
};

/** How many places a selection looks at; undefined where each of them is a match. */
export const getMaxScanned = (of: TaskSelection): number | undefined => {
  // What is named is looked at as a whole.
  if (of.ids !== undefined || condition(of) === undefined) return undefined;
  return of.text === undefined ? MAX_FILTERED : MAX_SEARCHED;
};

const follows = (after: ListPosition | undefined) =>
  after === undefined
    ? sql``
    : sql`and (p.created_at, p.task_id) < (${after.created_at}::timestamptz, ${after.id}::uuid)`;

/** The list's places in its order, from behind one on: of a job, of a room, or those that are named. */
export const selectEntries = (
  { roomId, jobIds, ids }: TaskSelection,
  after?: ListPosition,
): RawBuilder<unknown> => {
  const [jobId, other] = jobIds ?? [];
  // Of several, which is rare, each task is looked at: there is no index that has them in one order.
  const ofJob =
    jobIds === undefined || other !== undefined
      ? sql``
      : jobId === undefined
        ? sql`and false`
        : sql`and p.job_id = ${jobId}::uuid`;
  const source =
    ids === undefined
      ? sql`joblib.task_place`
      : sql`(select id as task_id, room_id, job_id, created_at from joblib.task where id in ${uuids(ids)})`;
  return sql`
    select p.task_id, p.created_at from ${source} as p
    where p.room_id = ${roomId} ${ofJob} ${follows(after)}
    order by p.created_at desc, p.task_id desc`;
};

/** The places that match, in the list's order, of as many as a selection looks at. */
export const selectMatches = (of: TaskSelection, after?: ListPosition): RawBuilder<unknown> => {
  const all = selectEntries(of, after);
  const wanted = condition(of);
  if (wanted === undefined) return all;
  const most = getMaxScanned(of);
  // One by one in the list's order, rather than all that match and then sorted.
  return sql`
    select p.task_id, p.created_at
    from (${all} ${most === undefined ? sql`` : sql`limit ${sql.lit(most)}`}) as p
    cross join lateral (select from joblib.task as s where s.id = p.task_id and ${wanted} limit 1) as s
    order by p.created_at desc, p.task_id desc`;
};

/** The last place that a selection looks at; null where the list ends before. */
export const findLastScanned = async (
  db: Sql,
  of: TaskSelection,
  after?: ListPosition,
): Promise<string | null> => {
  const most = getMaxScanned(of);
  if (most === undefined) return null;
  const { rows } = await sql<{ task_id: string }>`
    ${selectEntries(of, after)} limit 1 offset ${sql.lit(most - 1)}`.execute(db);
  return rows[0]?.task_id ?? null;
};
