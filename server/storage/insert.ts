import { toAssignedTaskRecord } from "./assigned-task-record.ts";
import { createBatcher } from "./batcher.ts";
import type { ChooseAssignee, InsertOptions } from "./direct-assignment.ts";
import { findTaskByKey } from "./queries/find-task-by-key.ts";
import { insertTask } from "./queries/insert-task.ts";
import {
  type InsertedRow,
  type InsertRequest,
  type InsertStatementOptions,
  insertTasks,
} from "./queries/insert-tasks.ts";
import { groupTasks, type TaskGroup } from "./queries/task-groups.ts";
import { toNewTaskRecord, toTaskRecord } from "./rows.ts";
import type { Sessions, Sql } from "./sessions.ts";
import type { InsertOutcome, NewTask } from "./storage.ts";
import { catchUnknownOutcome } from "./storage-unavailable.ts";

type Inserted = Extract<InsertOutcome, { kind: "inserted" }>;

/** Undoes the transaction of an insert that left tasks out. */
class KeyTaken extends Error {}

/** A bound on a race that another turn ends: the key's task is deleted between the insert that met it and the look. */
const TURNS = 5;
/** Characters of one statement. */
const MOST_CHARACTERS = 2_000_000;
/** About what a task is beside its payload, and what a group of them shares. */
const TASK_CHARACTERS = 50;
const GROUP_CHARACTERS = 500;

/** One request's tasks. */
interface Wish extends InsertStatementOptions, InsertRequest {
  readonly tasks: readonly NewTask[];
  readonly groups: readonly TaskGroup[];
  readonly chooseAssignee: ChooseAssignee | undefined;
}

/** The one task of one request, where no turns are to be taken. */
const loneOf = (wishes: readonly Wish[]): { task: NewTask; payload: string } | undefined => {
  const [wish] = wishes;
  if (wish === undefined || wishes.length > 1 || wish.tasks.length > 1 || wish.hasRoomFairness)
    return undefined;
  const {
    tasks: [task],
    payloads: [payload],
  } = wish;
  return task === undefined || payload === undefined ? undefined : { task, payload };
};

/** Inserts all of a request's tasks or none. */
type Insert = (tasks: readonly NewTask[], options: InsertOptions) => Promise<InsertOutcome>;

/** Of a request with one task, which somebody may wait for. */
const handOf = ({ tasks, chooseAssignee: handOver }: Wish) => {
  const [task, ...others] = tasks;
  return task === undefined || others.length > 0 ? undefined : handOver?.(task);
};

const inserted = ({ tasks, groups }: Wish, rows: ReadonlyMap<string, InsertedRow>): Inserted => {
  const taken = groups.flatMap((group) => {
    const row = rows.get(group.first.id);
    return row === undefined ? [] : [{ ...group, row }];
  });
  const given = taken.flatMap(({ first, row }) => toAssignedTaskRecord(first, row) ?? []);
  return {
    kind: "inserted",
    assigned: given,
    groups: taken.map(({ first, ids, row }) => ({ first: toNewTaskRecord(first, row), ids })),
    workersOnline: new Map(taken.map(({ first, row }) => [first.jobId, row.workers_online])),
    records() {
      const byId = new Map(taken.flatMap(({ ids, row }) => ids.map((id) => [id, row] as const)));
      return tasks.flatMap((task) => {
        const row = byId.get(task.id);
        return row === undefined ? [] : [toNewTaskRecord(task, row)];
      });
    },
  };
};

const insertAllOrNone = async (db: Sql, wish: Wish) => {
  const { groups } = wish;
  const rows = await insertTasks(db, [wish], wish);
  if (rows.length > 0 && rows.length < groups.length) throw new KeyTaken();
  return rows;
};

const byId = (rows: readonly InsertedRow[]) => new Map(rows.map((row) => [row.id, row]));

const replayed = async (
  { run }: Sessions,
  { tasks, aliveWithinSeconds }: Wish,
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
    const sameRequest = row.request_hash === task.idempotency.requestHash;
    return { kind: "replayed", record, isSameRequest: sameRequest, workersOnline };
  }
  return undefined;
};

/** Requests share a statement; a key that was used before is answered even where its job is gone by now. */
export const createInsert = (sessions: Sessions): Insert => {
  const join = createBatcher<Wish, ReadonlyMap<string, InsertedRow>>({
    most: MOST_CHARACTERS,
    weightOf: ({ groups, payloads }) =>
      payloads.reduce((sum, { length }) => sum + length + TASK_CHARACTERS, groups.length * GROUP_CHARACTERS),
    laneOf: ({ aliveWithinSeconds, hasRoomFairness: hasTurns }) => `${aliveWithinSeconds}${hasTurns}`,
    run: sessions.measureBatches("submit", async (wishes) => {
      const [first] = wishes;
      if (first === undefined) return [];
      const hands = first.hasRoomFairness ? [] : wishes.map(handOf);
      const lone = loneOf(wishes);
      const rows = await sessions.runPrepared((db) =>
        lone === undefined
          ? insertTasks(db, wishes, first, hands)
          : insertTask(db, lone, first.aliveWithinSeconds, hands[0]),
      );
      const rowsById = byId(rows);
      return wishes.map(() => rowsById);
    }),
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

  return async (tasks, { aliveWithinSeconds, chooseAssignee: handOver }) => {
    if (tasks.length === 0)
      return { kind: "inserted", groups: [], assigned: [], records: () => [], workersOnline: new Map() };
    const hasTurns = tasks.some(({ fairness }) => fairness === "room");
    const groups = groupTasks(tasks);
    const payloads = groups.flatMap((group) => group.payloads);
    const wish = {
      tasks,
      groups,
      payloads,
      aliveWithinSeconds,
      hasRoomFairness: hasTurns,
      chooseAssignee: handOver,
    };
    const hasKeys = tasks.some(({ idempotency }) => idempotency !== null);
    const isOneStatement = tasks.length === 1 || !hasKeys;
    for (let turn = 0; turn < (hasKeys ? TURNS : 1); turn += 1) {
      const inserting = isOneStatement ? join(wish) : inTransaction(wish);
      // A key tells whether an insert was carried out whose answer was lost; once, for then the database is away.
      const rows = await (hasKeys && turn === 0 ? catchUnknownOutcome(inserting) : inserting);
      const outcome = inserted(wish, rows ?? new Map());
      if (outcome.groups.length > 0) return outcome;
      const replay = await replayed(sessions, wish);
      if (replay !== undefined) return replay;
    }
    return { kind: "job-changed" };
  };
};
