import type {
  Assignee,
  ClaimedTaskRecord,
  CompletedTask,
  Completion,
  InsertedGroup,
  NewTask,
  TaskRecord,
  Transition,
} from "../../records.ts";
import { isUuid } from "../ids.ts";
import type { InsertOptions, LinkedJobs } from "../ports/task-queue.ts";
import { formatTime, toClaimedTaskRecord, toNewTaskRecord, toRawTaskRecord } from "../rows.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import { ClaimBatches } from "./claim-batches.ts";
import { hasValidIds, type Inserted, SimpleTaskQueue } from "./simple-task-queue.ts";
import { changeStatuses, storeCompletions } from "./statements/change-status.ts";
import {
  type Heartbeat,
  type HeartbeatRow,
  HeartbeatThrottle,
  recordHeartbeats,
} from "./statements/heartbeat.ts";
import { insertTask } from "./statements/insert-task.ts";
import {
  groupTasks,
  type InsertedRow,
  type InsertRequest,
  insertRequests,
} from "./statements/insert-tasks.ts";

/** Maximum weight of a batch of inserts, in characters. */
const MAX_INSERTED_CHARACTERS = 2_000_000;
/**
 * Approximate length of one task in the parameters of a statement, in characters. Excludes the
 * payload, and the values that the tasks of a group share.
 */
const TASK_CHARACTERS = 50;
/** Approximate length of the values that the tasks of a group share, in characters. */
const GROUP_CHARACTERS = 500;

/**
 * Maximum weight of a batch of status changes, in characters. A batch can contain 500 changes
 * without a result, or a few with large results.
 */
const MAX_CHANGED_CHARACTERS = 4_000_000;
/** Weight of a status change, in addition to the length of its result and error. */
const CHANGE_CHARACTERS = 8_000;

/**
 * Maximum weight of a batch of heartbeats. Each heartbeat has the weight 10, plus 1 for each task
 * that it lists.
 */
const MAX_HEARTBEATS_WEIGHT = 5_000;
const HEARTBEAT_WEIGHT = 10;

interface InsertCall extends InsertRequest, InsertOptions {
  /** True if some of the tasks belong to jobs with room fairness. */
  readonly hasRoomFairness: boolean;
}

/**
 * The task queue that runs in production. It combines concurrent calls into one prepared statement,
 * assigns new tasks to waiting workers, and passes JSON from the database to the response as text.
 * It inherits the methods that only some tasks need, such as `release`, from `SimpleTaskQueue`.
 */
export class BatchingTaskQueue extends SimpleTaskQueue {
  readonly #insert: StatementBatcher<InsertCall, ReadonlyMap<string, InsertedRow>>;
  readonly #claims: ClaimBatches;
  readonly #transitions: Readonly<
    Record<Transition["to"], StatementBatcher<Transition, TaskRecord | undefined>>
  >;
  readonly #complete: StatementBatcher<readonly Completion[], (CompletedTask | undefined)[]>;
  readonly #heartbeat: StatementBatcher<Heartbeat, HeartbeatRow | undefined>;

  readonly #throttle = new HeartbeatThrottle();

  constructor(sessions: Sessions) {
    super(sessions);
    const { measureBatches } = sessions;
    this.#insert = new StatementBatcher({
      maxWeight: MAX_INSERTED_CHARACTERS,
      getWeight: getInsertWeight,
      getLane: ({ aliveWithinSeconds, hasRoomFairness }) => `${aliveWithinSeconds}${hasRoomFairness}`,
      run: measureBatches("submit", (calls) => this.#runInserts(calls)),
    });
    this.#claims = new ClaimBatches(sessions, this.#throttle);
    this.#transitions = {
      running: this.#batchTransitions("running"),
      completed: this.#batchTransitions("completed"),
      failed: this.#batchTransitions("failed"),
      cancelled: this.#batchTransitions("cancelled"),
    };
    this.#complete = new StatementBatcher({
      maxWeight: MAX_CHANGED_CHARACTERS,
      getWeight: (completions) =>
        completions.reduce((sum, completion) => sum + getChangeWeight(completion), 0),
      run: measureBatches("completed", (calls) => this.#runCompletions(calls)),
    });
    this.#heartbeat = new StatementBatcher({
      maxWeight: MAX_HEARTBEATS_WEIGHT,
      getWeight: ({ taskIds }) => HEARTBEAT_WEIGHT + taskIds.length,
      getKey: ({ workerId }) => workerId,
      run: measureBatches("heartbeat", (heartbeats) => this.#runHeartbeats(heartbeats)),
    });
  }

  protected override async insertAllOrNone(
    tasks: readonly NewTask[],
    options: InsertOptions,
  ): Promise<Inserted | undefined> {
    // A batched insert skips a task whose idempotency key exists. A request with several tasks
    // inserts all or none of them, so it needs its own transaction if a task has an idempotency
    // key.
    const canBatch = tasks.length === 1 || tasks.every(({ idempotency }) => idempotency === null);
    if (!canBatch) return super.insertAllOrNone(tasks, options);
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
    const rows = await this.sessions.runPrepared((db) =>
      task !== undefined && payload !== undefined
        ? insertTask(db, { task, payload }, first.aliveWithinSeconds, assignees[0])
        : insertRequests(db, calls, first, assignees),
    );
    const rowsById = new Map(rows.map((row) => [row.id, row]));
    return calls.map(() => rowsById);
  }

  override async claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone?: () => boolean,
  ): Promise<readonly ClaimedTaskRecord[] | undefined> {
    return isUuid(workerId) ? this.#claims.claim(workerId, limit, start, isGone) : undefined;
  }

  override getLinkedJobs(workerId: string): Promise<LinkedJobs> {
    return this.#claims.getLinkedJobs(workerId);
  }

  #batchTransitions(to: Transition["to"]): StatementBatcher<Transition, TaskRecord | undefined> {
    return new StatementBatcher({
      maxWeight: MAX_CHANGED_CHARACTERS,
      getWeight: (step: Transition) => getChangeWeight(step),
      getKey: ({ id }) => id.toLowerCase(),
      run: this.sessions.measureBatches(to, (steps) => this.#runTransitions(to, steps)),
    });
  }

  protected override changeStatus(step: Transition): Promise<TaskRecord | undefined> {
    return this.#transitions[step.to].add(step);
  }

  async #runTransitions(
    to: Transition["to"],
    steps: readonly Transition[],
  ): Promise<(TaskRecord | undefined)[]> {
    const records = steps.map((): TaskRecord | undefined => undefined);
    for (const row of await this.sessions.runPrepared((db) => changeStatuses(db, to, steps))) {
      records[row.call_index] = toRawTaskRecord(row);
    }
    return records;
  }

  override async complete(
    completions: readonly Completion[],
  ): Promise<readonly (CompletedTask | undefined)[]> {
    return completions.every(hasValidIds)
      ? this.#complete.add(completions)
      : completions.map(() => undefined);
  }

  async #runCompletions(calls: readonly (readonly Completion[])[]): Promise<(CompletedTask | undefined)[][]> {
    const completions = calls.flat();
    const completed = completions.map((): CompletedTask | undefined => undefined);
    const touchesWorkers = this.#throttle.isUpdateDue(completions);
    const rows = await this.sessions.runPrepared((db) => storeCompletions(db, completions, touchesWorkers));
    for (const row of rows) {
      const id = completions[row.call_index]?.id.toLowerCase() ?? "";
      completed[row.call_index] = {
        ...{ id, roomId: row.room_id, jobId: row.job_id },
        completedAt: formatTime(row.completed_at),
        runSeconds: row.ran_seconds,
      };
    }
    let end = 0;
    return calls.map(({ length }) => {
      end += length;
      return completed.slice(end - length, end);
    });
  }

  protected override recordHeartbeat(heartbeat: Heartbeat): Promise<HeartbeatRow | undefined> {
    return this.#heartbeat.add(heartbeat);
  }

  async #runHeartbeats(heartbeats: readonly Heartbeat[]): Promise<(HeartbeatRow | undefined)[]> {
    const rows = await this.sessions.runPrepared((db) => recordHeartbeats(db, heartbeats));
    const rowsByWorker = new Map(rows.map((row) => [row.worker_id, row]));
    return heartbeats.map(({ workerId }) => rowsByWorker.get(workerId));
  }
}

function getChangeWeight({ result, error }: Pick<Transition, "result" | "error">): number {
  return (
    CHANGE_CHARACTERS + (error?.length ?? 0) + (result === undefined ? 0 : JSON.stringify(result).length)
  );
}

function getInsertWeight({ groups, payloads }: InsertCall): number {
  return payloads.reduce(
    (sum, { length }) => sum + length + TASK_CHARACTERS,
    groups.length * GROUP_CHARACTERS,
  );
}

function getOnlyTask({ groups, payloads }: InsertRequest): NewTask | undefined {
  return payloads.length === 1 ? groups[0]?.[0] : undefined;
}

/**
 * Returns the waiting worker to which the only task of a request is to be assigned, if there is
 * one.
 */
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

/**
 * Returns the record of a new task that was inserted as already claimed; undefined if the task is
 * pending.
 */
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
