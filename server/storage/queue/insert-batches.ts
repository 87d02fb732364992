import type { Assignee, ClaimedTaskRecord, InsertedGroup, NewTask, TaskRecord } from "../../records.ts";
import type { InsertOptions } from "../ports/task-queue.ts";
import { formatTime, toClaimedTaskRecord, toNewTaskRecord } from "../rows.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import type { Inserted } from "./simple-task-queue.ts";
import { insertTask } from "./statements/insert-task.ts";
import {
  groupTasks,
  type InsertedRow,
  type InsertRequest,
  insertRequests,
} from "./statements/insert-tasks.ts";

/** Maximum weight of a batch of inserts, in characters. */
const MAX_INSERTED_CHARACTERS = 2_000_000;
/** Approximate number of characters of a task, without its payload and the values that its group shares. */
const TASK_CHARACTERS = 50;
/** Approximate number of characters of the values that the tasks of a group share. */
const GROUP_CHARACTERS = 500;

interface InsertCall extends InsertRequest, InsertOptions {
  /** True if some of the tasks belong to jobs with room fairness. */
  readonly hasRoomFairness: boolean;
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
  async insert(tasks: readonly NewTask[], options: InsertOptions): Promise<Inserted | undefined> {
    const call: InsertCall = {
      ...options,
      groups: groupTasks(tasks),
      payloads: tasks.map(({ payload }) => JSON.stringify(payload)),
      hasRoomFairness: tasks.some(({ fairness }) => fairness === "room"),
    };
    return toInserted(call, await this.#insert.add(call));
  }

  async #runInserts(calls: readonly InsertCall[]): Promise<ReadonlyMap<string, InsertedRow>[]> {
    const [first, ...others] = calls;
    if (first === undefined) return [];
    const assignees = first.hasRoomFairness ? [] : calls.map(getAssignee);
    const task = others.length === 0 && !first.hasRoomFairness ? getOnlyTask(first) : undefined;
    const [payload] = first.payloads;
    const rows = await this.#sessions.runPrepared((db) =>
      task !== undefined && payload !== undefined
        ? insertTask(db, { task, payload }, first.aliveWithinSeconds, assignees[0])
        : insertRequests(db, calls, first, assignees),
    );
    const rowsById = new Map(rows.map((row) => [row.id, row]));
    return calls.map(() => rowsById);
  }
}

function getOnlyTask({ groups, payloads }: InsertRequest): NewTask | undefined {
  return payloads.length === 1 ? groups[0]?.[0] : undefined;
}

/** Returns the waiting worker to which the only task of a request is to be assigned, if there is one. */
function getAssignee(call: InsertCall): Assignee | undefined {
  const task = getOnlyTask(call);
  return task && call.chooseAssignee?.(task);
}

/** Returns undefined if no task of the request was inserted. */
function toInserted({ groups }: InsertRequest, rows: ReadonlyMap<string, InsertedRow>): Inserted | undefined {
  let assigned: ClaimedTaskRecord | undefined;
  const inserted = groups.flatMap((tasks): InsertedGroup[] => {
    const row = rows.get(tasks[0].id);
    if (row === undefined) return [];
    const record = toNewTaskRecord(tasks[0], row);
    assigned = toAssignedTask(record, row);
    return [{ record, tasks, workersOnline: row.workers_online }];
  });
  return inserted.length === 0 ? undefined : { kind: "inserted", groups: inserted, assigned };
}

/** Returns the record of a new task that was inserted as already claimed; undefined if it has no worker. */
function toAssignedTask(record: TaskRecord, row: InsertedRow): ClaimedTaskRecord | undefined {
  const { worker_id, user_id: workerUserId } = row;
  if (worker_id === undefined || worker_id === null || workerUserId === undefined) return undefined;
  const started_at = row.started_at ? formatTime(row.started_at) : null;
  const lease =
    started_at === null
      ? ({ status: "claimed", runs: 0 } as const)
      : ({ status: "running", runs: 1 } as const);
  const task = { ...record.task, ...lease, attempt: 1, started_at, worker_id };
  return toClaimedTaskRecord({ ...record, task, version: 2, workerUserId, lastWorkerId: worker_id });
}
