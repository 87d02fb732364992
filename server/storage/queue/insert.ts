import type { ChooseAssignee, InsertOutcome, NewTask } from "../../records.ts";
import type { InsertOptions } from "../ports/tasks.ts";
import { findTaskByKey } from "../queries/tasks/find-task-by-key.ts";
import { toNewTaskRecord, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { catchUnknownOutcome } from "../sessions/storage-unavailable.ts";
import { toAssignedTaskRecord } from "./assigned-task-record.ts";
import { StatementBatcher } from "./batcher.ts";
import { insertTask } from "./statements/insert-task.ts";
import {
  type InsertedRow,
  type InsertRequest,
  type InsertStatementOptions,
  insertTasks,
} from "./statements/insert-tasks.ts";
import { groupTasks, type TaskGroup } from "./statements/task-groups.ts";

type Inserted = Extract<InsertOutcome, { kind: "inserted" }>;

/** Rolls back the transaction of an insert that skipped tasks because their idempotency keys exist. */
class KeyConflict extends Error {}

/**
 * Maximum number of attempts. An attempt fails if the task with the idempotency key is deleted after the
 * insert has found it and before it is read.
 */
const MAX_TRIES = 5;
/** Maximum weight of a batch, in characters. */
const MAX_BATCH_CHARACTERS = 2_000_000;
/** Approximate number of characters of a task, without its payload and the values that its group shares. */
const TASK_CHARACTERS = 50;
/** Approximate number of characters of the values that the tasks of a group share. */
const GROUP_CHARACTERS = 500;

/** The tasks of one request. */
interface InsertCall extends InsertStatementOptions, InsertRequest {
  readonly tasks: readonly NewTask[];
  readonly groups: readonly TaskGroup[];
  readonly chooseAssignee: ChooseAssignee | undefined;
}

/** Returns the task of a batch that consists of a single task, if its job has no room fairness. */
const getSingleTask = (calls: readonly InsertCall[]): { task: NewTask; payload: string } | undefined => {
  const [call] = calls;
  if (call === undefined || calls.length > 1 || call.tasks.length > 1 || call.hasRoomFairness)
    return undefined;
  const {
    tasks: [task],
    payloads: [payload],
  } = call;
  return task === undefined || payload === undefined ? undefined : { task, payload };
};

/** Inserts all tasks of a request, or none. */
type Insert = (tasks: readonly NewTask[], options: InsertOptions) => Promise<InsertOutcome>;

/** Returns the waiting worker to which the only task of a request is to be assigned, if there is one. */
const getAssignee = ({ tasks, chooseAssignee }: InsertCall) => {
  const [task, ...others] = tasks;
  return task === undefined || others.length > 0 ? undefined : chooseAssignee?.(task);
};

const toInserted = ({ tasks, groups }: InsertCall, rows: ReadonlyMap<string, InsertedRow>): Inserted => {
  const insertedGroups = groups.flatMap((group) => {
    const row = rows.get(group.first.id);
    return row === undefined ? [] : [{ ...group, row }];
  });
  const assigned = insertedGroups.flatMap(({ first, row }) => toAssignedTaskRecord(first, row) ?? []);
  return {
    kind: "inserted",
    assigned,
    groups: insertedGroups.map(({ first, ids, row }) => ({ first: toNewTaskRecord(first, row), ids })),
    workersOnline: new Map(insertedGroups.map(({ first, row }) => [first.jobId, row.workers_online])),
    records() {
      const rowsByTask = new Map(
        insertedGroups.flatMap(({ ids, row }) => ids.map((id) => [id, row] as const)),
      );
      return tasks.flatMap((task) => {
        const row = rowsByTask.get(task.id);
        return row === undefined ? [] : [toNewTaskRecord(task, row)];
      });
    },
  };
};

const insertAllOrNone = async (db: Sql, call: InsertCall) => {
  const { groups } = call;
  const rows = await insertTasks(db, [call], call);
  if (rows.length > 0 && rows.length < groups.length) throw new KeyConflict();
  return rows;
};

const indexById = (rows: readonly InsertedRow[]) => new Map(rows.map((row) => [row.id, row]));

/** Returns the existing task with the idempotency key of one of the tasks, if there is one. */
const findReplay = async (
  { run }: Sessions,
  { tasks, aliveWithinSeconds }: InsertCall,
): Promise<InsertOutcome | undefined> => {
  for (const task of tasks) {
    if (task.idempotency === null) continue;
    const row = await run((db) => findTaskByKey(db, task, aliveWithinSeconds));
    if (row === undefined) continue;
    const { workers_online: workersOnline } = row;
    const record = toTaskRecord(row);
    if (tasks.length === 1 && record.task.id === task.id) {
      return {
        kind: "inserted",
        assigned: [],
        records: () => [record],
        groups: [{ first: record, ids: [record.task.id] }],
        workersOnline: new Map([[record.jobId, workersOnline]]),
      };
    }
    const isSameRequest = row.request_hash === task.idempotency.requestHash;
    return { kind: "replayed", record, isSameRequest, workersOnline };
  }
  return undefined;
};

/**
 * Creates the function that inserts tasks. Inserts of concurrent requests are batched. If an idempotency key
 * was used before, the result is its existing task, even if the job has been removed.
 */
export const createInsert = (sessions: Sessions): Insert => {
  const batcher = new StatementBatcher<InsertCall, ReadonlyMap<string, InsertedRow>>({
    maxWeight: MAX_BATCH_CHARACTERS,
    getWeight: ({ groups, payloads }) =>
      payloads.reduce((sum, { length }) => sum + length + TASK_CHARACTERS, groups.length * GROUP_CHARACTERS),
    getLane: ({ aliveWithinSeconds, hasRoomFairness }) => `${aliveWithinSeconds}${hasRoomFairness}`,
    run: sessions.measureBatches("submit", async (calls) => {
      const [first] = calls;
      if (first === undefined) return [];
      const assignees = first.hasRoomFairness ? [] : calls.map(getAssignee);
      const single = getSingleTask(calls);
      const rows = await sessions.runPrepared((db) =>
        single === undefined
          ? insertTasks(db, calls, first, assignees)
          : insertTask(db, single, first.aliveWithinSeconds, assignees[0]),
      );
      const rowsById = indexById(rows);
      return calls.map(() => rowsById);
    }),
  });

  /** Inserts a request with several idempotency keys in its own transaction, so that all are inserted or none. */
  const insertInTransaction = async (call: InsertCall): Promise<ReadonlyMap<string, InsertedRow>> => {
    try {
      return indexById(await sessions.transaction((db) => insertAllOrNone(db, call)));
    } catch (error) {
      if (error instanceof KeyConflict) return new Map();
      throw error;
    }
  };

  return async (tasks, { aliveWithinSeconds, chooseAssignee }) => {
    if (tasks.length === 0)
      return { kind: "inserted", groups: [], assigned: [], records: () => [], workersOnline: new Map() };
    const hasRoomFairness = tasks.some(({ fairness }) => fairness === "room");
    const groups = groupTasks(tasks);
    const payloads = groups.flatMap((group) => group.payloads);
    const call = {
      tasks,
      groups,
      payloads,
      aliveWithinSeconds,
      hasRoomFairness,
      chooseAssignee,
    };
    const hasKeys = tasks.some(({ idempotency }) => idempotency !== null);
    const canBatch = tasks.length === 1 || !hasKeys;
    for (let attempt = 0; attempt < (hasKeys ? MAX_TRIES : 1); attempt += 1) {
      const inserting = canBatch ? batcher.add(call) : insertInTransaction(call);
      // If the response was lost, the idempotency keys show whether the tasks were inserted. This is checked
      // only once: if it happens again, the database is unavailable.
      const rows = await (hasKeys && attempt === 0 ? catchUnknownOutcome(inserting) : inserting);
      const outcome = toInserted(call, rows ?? new Map());
      if (outcome.groups.length > 0) return outcome;
      const replay = await findReplay(sessions, call);
      if (replay !== undefined) return replay;
    }
    return { kind: "job-changed" };
  };
};
