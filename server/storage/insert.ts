import { coalesce } from "./coalesce.ts";
import { findByKey } from "./queries/find-by-key.ts";
import { type InsertedRow, type InsertManner, insertTasks, insertText } from "./queries/insert-tasks.ts";
import { newTaskRecord, taskRecord } from "./rows.ts";
import type { Sessions, Sql } from "./sessions.ts";
import type { InsertOutcome, NewTask, TaskRecord } from "./storage.ts";

/** Undoes the transaction of an insert that left tasks out. */
class KeyTaken extends Error {}

/** A bound on a race that another turn ends: the key's task is deleted between the insert that met it and the look. */
const TURNS = 5;
/** Characters of one statement; a task beside its payload is some 500. */
const MOST_CHARACTERS = 2_000_000;

/** One request's tasks, and their text for the statement. */
interface Wish extends InsertManner {
  readonly tasks: readonly NewTask[];
  readonly text: string;
}

/** Inserts all of a request's tasks or none. */
type Insert = (tasks: readonly NewTask[], aliveWithinSeconds: number) => Promise<InsertOutcome>;

const inserted = (tasks: readonly NewTask[], rows: ReadonlyMap<string, InsertedRow>): InsertOutcome => {
  const records: TaskRecord[] = [];
  const workersOnline = new Map<string, number>();
  for (const task of tasks) {
    const row = rows.get(task.id);
    if (row === undefined) continue;
    records.push(newTaskRecord(task, row));
    workersOnline.set(task.jobId, row.workers_online);
  }
  return { kind: "inserted", records, workersOnline };
};

const insertAllOrNone = async (db: Sql, { tasks, text, ...manner }: Wish) => {
  const rows = await insertTasks(db, [text], manner);
  if (rows.length > 0 && rows.length < tasks.length) throw new KeyTaken();
  return rows;
};

const byId = (rows: readonly InsertedRow[]) => new Map(rows.map((row) => [row.id, row]));

const replayed = async (
  { run }: Sessions,
  { tasks, aliveWithinSeconds }: Wish,
): Promise<InsertOutcome | undefined> => {
  for (const task of tasks) {
    if (task.idempotency === null) continue;
    const row = await run((db) => findByKey(db, task, aliveWithinSeconds));
    if (row === undefined) continue;
    return {
      kind: "replayed",
      record: taskRecord(row),
      sameRequest: row.request_hash === task.idempotency.requestHash,
      workersOnline: row.workers_online,
    };
  }
  return undefined;
};

/** Requests share a statement; a key that was used before is answered even where its job is gone by now. */
export const createInsert = (sessions: Sessions): Insert => {
  const join = coalesce<Wish, ReadonlyMap<string, InsertedRow>>({
    most: MOST_CHARACTERS,
    weightOf: ({ text }) => text.length,
    laneOf: ({ aliveWithinSeconds, hasTurns }) => `${aliveWithinSeconds}${hasTurns}`,
    run: async (wishes) => {
      const [first] = wishes;
      if (first === undefined) return [];
      const texts = wishes.map(({ text }) => text);
      const rows = byId(await sessions.hot((db) => insertTasks(db, texts, first)));
      return wishes.map(() => rows);
    },
  });

  /** Several keys in one request hold together by a transaction of its own. */
  const inTransaction = async (wish: Wish): Promise<ReadonlyMap<string, InsertedRow>> => {
    try {
      return byId(await sessions.transaction((db) => insertAllOrNone(db, wish)));
    } catch (error) {
      if (error instanceof KeyTaken) return new Map();
      throw error;
    }
  };

  return async (tasks, aliveWithinSeconds) => {
    if (tasks.length === 0) return inserted(tasks, new Map());
    const hasTurns = tasks.some(({ fairness }) => fairness === "room");
    const wish = { tasks, text: insertText(tasks), aliveWithinSeconds, hasTurns };
    const hasKeys = tasks.some(({ idempotency }) => idempotency !== null);
    const isOneStatement = tasks.length === 1 || !hasKeys;
    for (let turn = 0; turn < (hasKeys ? TURNS : 1); turn += 1) {
      const outcome = inserted(tasks, await (isOneStatement ? join(wish) : inTransaction(wish)));
      if (outcome.kind === "inserted" && outcome.records.length > 0) return outcome;
      const replay = await replayed(sessions, wish);
      if (replay !== undefined) return replay;
    }
    return { kind: "job-changed" };
  };
};
