import { findByKey } from "./queries/find-by-key.ts";
import { insertTasks, type SubmittedRow } from "./queries/insert-tasks.ts";
import { taskRecord } from "./rows.ts";
import type { Sessions, Sql } from "./sessions.ts";
import type { InsertOutcome, NewTask } from "./storage.ts";

/** Undoes the transaction of an insert that left tasks out. */
class KeyTaken extends Error {}

/** A bound on a race that another turn ends: the key's task is deleted between the insert that met it and the look. */
const TURNS = 5;

const insertAllOrNone = async (db: Sql, tasks: readonly NewTask[], aliveWithinSeconds: number) => {
  const rows = await insertTasks(db, tasks, aliveWithinSeconds);
  if (rows.length > 0 && rows.length < tasks.length) throw new KeyTaken();
  return rows;
};

const tryInsert = async (sessions: Sessions, tasks: readonly NewTask[], aliveWithinSeconds: number) => {
  const isOneStatement = tasks.length === 1 || tasks.every((task) => task.idempotency === null);
  if (isOneStatement) return sessions.hot((db) => insertTasks(db, tasks, aliveWithinSeconds));
  try {
    return await sessions.transaction((db) => insertAllOrNone(db, tasks, aliveWithinSeconds));
  } catch (error) {
    if (error instanceof KeyTaken) return [];
    throw error;
  }
};

const inserted = (rows: readonly SubmittedRow[]): InsertOutcome => ({
  kind: "inserted",
  records: rows.map(taskRecord),
  workersOnline: new Map(rows.map((row) => [row.job_id, row.workers_online])),
});

const replayed = async (
  { run }: Sessions,
  tasks: readonly NewTask[],
  aliveWithinSeconds: number,
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

/** Inserts all the tasks or none; a key that was used before is answered even where its job is gone by now. */
export const insert = async (
  sessions: Sessions,
  tasks: readonly NewTask[],
  aliveWithinSeconds: number,
): Promise<InsertOutcome> => {
  if (tasks.length === 0) return inserted([]);
  const hasKeys = tasks.some((task) => task.idempotency !== null);
  for (let turn = 0; turn < (hasKeys ? TURNS : 1); turn += 1) {
    const rows = await tryInsert(sessions, tasks, aliveWithinSeconds);
    if (rows.length > 0) return inserted(rows);
    const replay = await replayed(sessions, tasks, aliveWithinSeconds);
    if (replay !== undefined) return replay;
  }
  return { kind: "job-changed" };
};
