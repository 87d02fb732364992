import { sql } from "kysely";
import type { OutputPart } from "../../../protocol/index.ts";
import { isUuid } from "../ids.ts";
import type {
  AppendedOutput,
  NewOutputParts,
  OutputOffset,
  TaskOutputStorage,
} from "../ports/task-outputs.ts";
import { StatementBatcher } from "../queue/batcher.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { defineStatement, formatArray } from "../sql/statement.ts";

/** Maximum weight of a batch of appends, in bytes. */
const MAX_BATCH_BYTES = 2_000_000;
/** Weight of an append, in addition to its parts. */
const APPEND_BYTES = 2_000;
/**
 * Approximate maximum size of the parts that one call of `read` returns, in bytes. A row is never
 * divided.
 */
const MAX_READ_BYTES = 131_072;
const MAX_READ_ROWS = 500;

interface AppendedRow {
  call_index: number;
  next: number;
  /** `bigint`, as text. */
  bytes: string;
  is_stored: boolean;
}

/**
 * Appends parts to the outputs of many tasks. The tasks are locked in the order of their ids, so
 * that an append and a change of the status wait for each other: no part is stored after the
 * attempt has ended. The weaker lock `for key share`, with which log lines are stored, would not
 * wait.
 *
 * The number of a stored row is the number of parts before it. If two appends see the same output,
 * both have this number, and the primary key lets only one of them succeed.
 */
const appendParts = defineStatement<
  AppendedRow,
  [
    ids: string,
    attempts: string,
    workers: string,
    numbers: string,
    counts: string,
    bytes: string,
    limits: string,
    parts: string,
  ]
>(
  (ids, attempts, workers, numbers, counts, bytes, limits, parts) => sql`
    with calls as materialized (
      select c.*, c.call_number::integer - 1 as call_index
      from rows from (
        unnest(${ids}::uuid[]), unnest(${attempts}::integer[]), unnest(${workers}::uuid[]), unnest(${numbers}::integer[]),
        unnest(${counts}::integer[]), unnest(${bytes}::bigint[]), unnest(${limits}::bigint[]),
        json_array_elements_text(${parts}::json)
      ) with ordinality as c(id, attempt, worker_id, number, count, bytes, max_bytes, parts, call_number)
      -- Always true. Because of this equality, the planner estimates one row, and looks up each task
      -- by its id.
      where c.attempt % 1 = 0
    ),
    leased as materialized (
      select t.id, c.attempt, c.number, c.count, c.bytes, c.max_bytes, c.parts, c.call_index
      from calls as c join joblib.task as t on t.id = c.id
      -- With a plain t.status, the planner would read the index of all leased tasks.
      where coalesce(t.status, '') = 'running' and t.attempt = c.attempt
        and (c.worker_id is null or t.worker_id = c.worker_id)
      for share of t
    ),
    found as materialized (
      select l.*, coalesce(o.next, 0) as stored_next, coalesce(o.bytes, 0) as stored_bytes
      from leased as l left join lateral (
        select o.next, o.bytes from joblib.task_output as o
        where o.task_id = l.id and o.attempt = l.attempt order by o.number desc limit 1
      ) as o on true
    ),
    inserted as (
      insert into joblib.task_output (task_id, attempt, number, next, bytes, parts)
      select f.id, f.attempt, f.number, f.number + f.count, f.stored_bytes + f.bytes, f.parts::json
      from found as f where f.number = f.stored_next and f.stored_bytes + f.bytes <= f.max_bytes
      on conflict (task_id, attempt, number) do nothing
      returning task_id
    )
    select f.call_index, f.stored_next as next, f.stored_bytes::text as bytes,
      exists (select 1 from inserted as i where i.task_id = f.id) as is_stored
    from found as f`,
);

interface PartsRow {
  number: number;
  parts: string;
}

const readParts = defineStatement<PartsRow, [id: string, attempt: number, from: number]>(
  (id, attempt, from) => sql`
    with first as materialized (
      select o.number, o.bytes from joblib.task_output as o
      where o.task_id = ${id}::uuid and o.attempt = ${attempt}::integer and o.next > ${from}::integer
        and o.number >= coalesce((
          select p.number from joblib.task_output as p
          where p.task_id = ${id}::uuid and p.attempt = ${attempt}::integer and p.number <= ${from}::integer
          order by p.number desc limit 1
        ), 0)
      order by o.number limit 1
    )
    select o.number, o.parts::text as parts from joblib.task_output as o, first
    where o.task_id = ${id}::uuid and o.attempt = ${attempt}::integer and o.number >= first.number
      and o.bytes <= first.bytes + ${sql.lit(MAX_READ_BYTES)}
    order by o.number limit ${sql.lit(MAX_READ_ROWS)}`,
);

/** The outputs of tasks. Concurrent appends are combined into one statement. */
export class TaskOutputs implements TaskOutputStorage {
  readonly #sessions: Sessions;
  readonly #append: StatementBatcher<NewOutputParts, AppendedOutput | undefined>;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
    this.#append = new StatementBatcher({
      maxWeight: MAX_BATCH_BYTES,
      getWeight: ({ bytes }) => APPEND_BYTES + bytes,
      getKey: ({ taskId }) => taskId,
      run: sessions.measureBatches("output", (calls) => this.#runAppends(calls)),
    });
  }

  async append(parts: NewOutputParts): Promise<AppendedOutput | undefined> {
    const { taskId, workerId } = parts;
    if (!isUuid(taskId) || (workerId !== undefined && !isUuid(workerId))) return undefined;
    return this.#append.add({ ...parts, taskId: taskId.toLowerCase() });
  }

  async #runAppends(calls: readonly NewOutputParts[]): Promise<(AppendedOutput | undefined)[]> {
    const sorted = calls.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1));
    const toArray = (read: (parts: NewOutputParts) => string | number | undefined) =>
      formatArray(sorted.map((parts) => read(parts) ?? "null"));
    const rows = await this.#sessions.runPrepared((db) =>
      appendParts(
        db,
        toArray(({ taskId }) => taskId),
        toArray(({ attempt }) => attempt),
        toArray(({ workerId }) => workerId),
        toArray(({ number }) => number),
        toArray(({ count }) => count),
        toArray(({ bytes }) => bytes),
        toArray(({ maxBytes }) => maxBytes),
        JSON.stringify(sorted.map(({ json }) => json)),
      ),
    );
    const outcomes = new Map(
      rows.map(({ call_index, next, bytes, is_stored }) => [
        sorted[call_index],
        { next, bytes: Number(bytes), isStored: is_stored },
      ]),
    );
    return calls.map((call) => outcomes.get(call));
  }

  async read(taskId: string, { attempt, number }: OutputOffset): Promise<readonly OutputPart[]> {
    if (!isUuid(taskId)) return [];
    const rows = await this.#sessions.runPrepared((db) => readParts(db, taskId, attempt, number));
    const parts = rows.flatMap((row): OutputPart[] => JSON.parse(row.parts));
    return parts.slice(Math.max(0, number - (rows[0]?.number ?? 0)));
  }
}
