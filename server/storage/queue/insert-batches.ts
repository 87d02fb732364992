import type { Assignee, ChooseAssignee, NewTask } from "../../records.ts";
import type { InsertOptions } from "../ports/task-queue.ts";
import { toNewTaskRecord } from "../rows.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import { toAssignedTaskRecord } from "./claimed-task-record.ts";
import type { Inserted } from "./simple-task-queue.ts";
import { groupTasks } from "./statements/insert-parameters.ts";
import { insertTask } from "./statements/insert-task.ts";
import { type InsertedRow, type InsertRequest, insertRequests } from "./statements/insert-tasks.ts";

/** Maximum weight of a batch of inserts, in characters. */
const MAX_INSERTED_CHARACTERS = 2_000_000;
/** Approximate number of characters of a task, without its payload and the values that its group shares. */
const TASK_CHARACTERS = 50;
/** Approximate number of characters of the values that the tasks of a group share. */
const GROUP_CHARACTERS = 500;

/** The tasks of one request. */
interface InsertCall extends InsertRequest {
  readonly tasks: readonly NewTask[];
  readonly aliveWithinSeconds: number;
  /** True if some of the tasks belong to jobs with room fairness. */
  readonly hasRoomFairness: boolean;
  readonly chooseAssignee: ChooseAssignee | undefined;
}

/** Inserts the tasks of concurrent requests in one statement, and assigns single tasks to waiting workers. */
export class InsertBatches {
  readonly #sessions: Sessions;
  readonly #insert: StatementBatcher<InsertCall, ReadonlyMap<string, InsertedRow>>;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
    this.#insert = new StatementBatcher({
      maxWeight: MAX_INSERTED_CHARACTERS,
      getWeight: ({ groups, payloads }) =>
        payloads.reduce(
          (sum, { length }) => sum + length + TASK_CHARACTERS,
          groups.length * GROUP_CHARACTERS,
        ),
      getLane: ({ aliveWithinSeconds, hasRoomFairness }) => `${aliveWithinSeconds}${hasRoomFairness}`,
      run: sessions.measureBatches("submit", (calls) => this.#runInserts(calls)),
    });
  }

  /**
   * Inserts all tasks or none; several tasks must not have idempotency keys. Returns undefined if a job was
   * removed or changed, or if the idempotency key exists.
   */
  async insert(
    tasks: readonly NewTask[],
    { aliveWithinSeconds, chooseAssignee }: InsertOptions,
  ): Promise<Inserted | undefined> {
    const groups = groupTasks(tasks);
    const call: InsertCall = {
      tasks,
      groups,
      payloads: groups.flatMap((group) => group.payloads),
      aliveWithinSeconds,
      hasRoomFairness: tasks.some(({ fairness }) => fairness === "room"),
      chooseAssignee,
    };
    return toInserted(call, await this.#insert.add(call));
  }

  async #runInserts(calls: readonly InsertCall[]): Promise<ReadonlyMap<string, InsertedRow>[]> {
    const [first, ...others] = calls;
    if (first === undefined) return [];
    const assignees = first.hasRoomFairness ? [] : calls.map(getAssignee);
    const [task, ...otherTasks] = first.tasks;
    const [payload] = first.payloads;
    const isSingle = others.length === 0 && otherTasks.length === 0 && !first.hasRoomFairness;
    const rows = await this.#sessions.runPrepared((db) =>
      isSingle && task !== undefined && payload !== undefined
        ? insertTask(db, { task, payload }, first.aliveWithinSeconds, assignees[0])
        : insertRequests(db, calls, first, assignees),
    );
    const rowsById = new Map(rows.map((row) => [row.id, row]));
    return calls.map(() => rowsById);
  }
}

/** Returns the waiting worker to which the only task of a request is to be assigned, if there is one. */
function getAssignee({ tasks, chooseAssignee }: InsertCall): Assignee | undefined {
  const [task, ...others] = tasks;
  return task === undefined || others.length > 0 ? undefined : chooseAssignee?.(task);
}

/** Returns undefined if no task of the request was inserted. */
function toInserted(
  { tasks, groups }: InsertCall,
  rows: ReadonlyMap<string, InsertedRow>,
): Inserted | undefined {
  const insertedGroups = groups.flatMap((group) => {
    const row = rows.get(group.first.id);
    return row === undefined ? [] : [{ ...group, row }];
  });
  if (insertedGroups.length === 0) return undefined;
  const assigned = insertedGroups.flatMap(({ first, row }) => toAssignedTaskRecord(first, row) ?? []);
  return {
    kind: "inserted",
    assigned,
    groups: insertedGroups.map(({ first, ids, row }) => ({ first: toNewTaskRecord(first, row), ids })),
    workersOnline: new Map(insertedGroups.map(({ first, row }) => [first.jobId, row.workers_online])),
    records: () =>
      insertedGroups.flatMap(({ firstIndex, ids, row }) =>
        tasks.slice(firstIndex, firstIndex + ids.length).map((task) => toNewTaskRecord(task, row)),
      ),
  };
}
