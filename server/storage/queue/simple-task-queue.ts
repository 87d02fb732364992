import type { StopReason } from "../../../protocol/index.ts";
import type {
  ClaimedTaskRecord,
  CompletedTask,
  Completion,
  HeartbeatOutcome,
  InsertOutcome,
  NewTask,
  TaskRecord,
  Transition,
} from "../../records.ts";
import { isUuid } from "../ids.ts";
import {
  type InsertOptions,
  type LinkedJobs,
  NO_JOBS,
  type ProgressReport,
  type TaskQueue,
} from "../ports/task-queue.ts";
import { findTaskByKey, getSecondsUntilDue } from "../queries/tasks.ts";
import { findWorkerJobs } from "../queries/workers.ts";
import { formatTime, toClaimedTaskRecord, toTaskRecord } from "../rows.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { catchUnknownOutcome } from "../sessions/storage-errors.ts";
import {
  changeStatus,
  claimFirstTasks,
  InsertRejected,
  insertTask,
  type LockedJobs,
  lockJobs,
  lockWorkerForClaim,
  markDueTasks,
  storeProgress,
} from "./simple-statements.ts";
import { type Heartbeat, type HeartbeatRow, recordHeartbeats } from "./statements/heartbeat.ts";
import { groupTasks } from "./statements/insert-tasks.ts";
import { requeueReleased, requeueUndelivered, unclaimTasks } from "./statements/requeue-tasks.ts";

export type Inserted = Extract<InsertOutcome, { kind: "inserted" }>;

/**
 * Maximum number of tries of an insert with idempotency keys. A try fails if the task with the same
 * key is deleted after the insert has found it and before it is read.
 */
const MAX_INSERTS = 5;
/**
 * Maximum number of tries of a claim. A try returns no task if concurrent claims locked or claimed
 * the due tasks first.
 */
export const MAX_CLAIMS = 4;

/**
 * A task queue in which each call is one statement, or one transaction of a few statements. It is
 * the specification of `BatchingTaskQueue`, which overrides the calls that every task needs with
 * faster ones. Both pass the same tests.
 */
export class SimpleTaskQueue implements TaskQueue {
  protected readonly sessions: Sessions;

  constructor(sessions: Sessions) {
    this.sessions = sessions;
  }

  async insert(tasks: readonly NewTask[], options: InsertOptions): Promise<InsertOutcome> {
    if (tasks.length === 0) return { kind: "inserted", groups: [], assigned: undefined };
    const hasKeys = tasks.some(({ idempotency }) => idempotency !== null);
    for (let attempt = 0; attempt < (hasKeys ? MAX_INSERTS : 1); attempt += 1) {
      const inserting = this.insertAllOrNone(tasks, options);
      // If the connection was lost before the database responded, the idempotency keys show whether
      // the tasks were inserted. This applies only to the first try: if connections are lost
      // repeatedly, the database is unavailable.
      const inserted = await (hasKeys && attempt === 0 ? catchUnknownOutcome(inserting) : inserting);
      if (inserted !== undefined) return inserted;
      const replay = await this.#findReplay(tasks, options);
      if (replay !== undefined) return replay;
    }
    return { kind: "job-changed" };
  }

  /** Returns undefined if a job was removed or changed, or if an idempotency key exists. */
  protected async insertAllOrNone(
    tasks: readonly NewTask[],
    { aliveWithinSeconds }: InsertOptions,
  ): Promise<Inserted | undefined> {
    try {
      return await this.sessions.transaction(async (db) => {
        const jobs = await lockJobs(db, tasks, aliveWithinSeconds);
        const inserted = new Map<string, TaskRecord>();
        for (const task of sortByRoomQueue(tasks, jobs)) {
          inserted.set(task.id, await insertTask(db, task, jobs.get(task.jobId)));
        }
        const groups = groupTasks(tasks).flatMap((group) => {
          const record = inserted.get(group[0].id);
          const workersOnline = jobs.get(group[0].jobId)?.workers_online ?? 0;
          return record === undefined ? [] : [{ record, tasks: group, workersOnline }];
        });
        return { kind: "inserted", groups, assigned: undefined };
      });
    } catch (error) {
      if (error instanceof InsertRejected) return undefined;
      throw error;
    }
  }

  /** Returns the existing task with the idempotency key of one of the tasks, if there is one. */
  async #findReplay(
    tasks: readonly NewTask[],
    { aliveWithinSeconds }: InsertOptions,
  ): Promise<InsertOutcome | undefined> {
    for (const task of tasks) {
      if (task.idempotency === null) continue;
      const row = await this.sessions.run((db) => findTaskByKey(db, task, aliveWithinSeconds));
      if (row === undefined) continue;
      const { workers_online: workersOnline } = row;
      const record = toTaskRecord(row);
      if (tasks.length === 1 && record.task.id === task.id) {
        const isClaimed = record.task.status === "claimed" || record.task.status === "running";
        return {
          kind: "inserted",
          groups: [{ record, tasks: [task], workersOnline }],
          assigned: isClaimed ? toClaimedTaskRecord(record) : undefined,
        };
      }
      const isSameRequest = row.request_hash === task.idempotency.requestHash;
      return { kind: "replayed", record, isSameRequest, workersOnline };
    }
    return undefined;
  }

  async claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone?: () => boolean,
  ): Promise<readonly ClaimedTaskRecord[] | undefined> {
    if (!isUuid(workerId)) return undefined;
    for (let attempt = 1; ; attempt += 1) {
      if (isGone?.() === true) return [];
      const rows = await this.sessions.transaction(async (db) => {
        if (!(await lockWorkerForClaim(db, workerId))) return undefined;
        await markDueTasks(db, workerId);
        return claimFirstTasks(db, workerId, limit, start);
      });
      if (rows === undefined) return undefined;
      if (rows.length > 0 || limit === 0 || attempt >= MAX_CLAIMS || !(await this.#hasDueTask(workerId)))
        return rows.map((row) => toClaimedTaskRecord(toTaskRecord(row)));
    }
  }

  /**
   * Returns true if a task of the worker's jobs is due. If a claim found no task although one is
   * due, a concurrent claim may have locked tasks that it did not claim in the end, so the claim is
   * repeated.
   */
  async #hasDueTask(workerId: string): Promise<boolean> {
    const { ids } = await this.getLinkedJobs(workerId);
    const seconds = await this.sessions.run((db) => getSecondsUntilDue(db, ids));
    return seconds !== undefined && seconds <= 0;
  }

  async getLinkedJobs(workerId: string): Promise<LinkedJobs> {
    const jobs = isUuid(workerId) ? await this.sessions.run((db) => findWorkerJobs(db, workerId)) : undefined;
    return jobs ?? NO_JOBS;
  }

  async transition(step: Transition): Promise<TaskRecord | undefined> {
    return hasValidIds(step) ? this.changeStatus(step) : undefined;
  }

  protected async changeStatus(step: Transition): Promise<TaskRecord | undefined> {
    const row = await this.sessions.run((db) => changeStatus(db, step));
    return row && toTaskRecord(row);
  }

  async complete(completions: readonly Completion[]): Promise<readonly (CompletedTask | undefined)[]> {
    const completed: (CompletedTask | undefined)[] = [];
    for (const completion of completions) {
      const record = await this.transition({ ...completion, to: "completed", onlyWithoutResultSchema: true });
      completed.push(record && toCompletedTask(record));
    }
    return completed;
  }

  async reportProgress(report: ProgressReport): Promise<TaskRecord | undefined> {
    if (!hasValidIds(report)) return undefined;
    const row = await this.sessions.runPrepared((db) => storeProgress(db, report));
    return row && toTaskRecord(row);
  }

  async release(workerId: string, taskIds: readonly string[]): Promise<readonly TaskRecord[]> {
    const validIds = taskIds.filter(isUuid);
    if (!isUuid(workerId) || validIds.length === 0) return [];
    return (await this.sessions.run((db) => requeueReleased(db, workerId, validIds))).map(toTaskRecord);
  }

  async unclaim(
    claims: readonly Pick<TaskRecord["task"], "id" | "attempt">[],
  ): Promise<readonly TaskRecord[]> {
    const validClaims = claims.filter(({ id }) => isUuid(id));
    if (validClaims.length === 0) return [];
    return (await this.sessions.run((db) => unclaimTasks(db, validClaims))).map(toTaskRecord);
  }

  async heartbeat(
    workerId: string,
    tasks: readonly string[] | undefined,
    claimGraceSeconds: number,
  ): Promise<HeartbeatOutcome | undefined> {
    if (!isUuid(workerId)) return undefined;
    const taskIds = [...new Set(tasks)];
    const listedIds = [...new Set(taskIds.filter(isUuid).map((id) => id.toLowerCase()))];
    const row = await this.recordHeartbeat({ workerId: workerId.toLowerCase(), taskIds: listedIds });
    if (row === undefined) return undefined;

    const stopped: { task_id: string; reason: StopReason }[] = JSON.parse(row.stop);
    const reasons = new Map(stopped.map(({ task_id, reason }) => [task_id, reason]));
    const stop = taskIds.flatMap((taskId): HeartbeatOutcome["stop"] => {
      const reason = isUuid(taskId) ? reasons.get(taskId.toLowerCase()) : "lost";
      return reason === undefined ? [] : [{ taskId, reason }];
    });
    const lastHeartbeat = formatTime(row.last_heartbeat);
    const undelivered = { workerId, taskIds: listedIds, claimGraceSeconds, heartbeatAt: lastHeartbeat };
    const canRequeue = tasks !== undefined && row.has_unlisted_tasks && Number.isFinite(claimGraceSeconds);
    const changed = canRequeue ? await this.sessions.run((db) => requeueUndelivered(db, undelivered)) : [];
    return { lastHeartbeat, stop, changed: changed.map(toTaskRecord), isDraining: row.draining };
  }

  protected async recordHeartbeat(heartbeat: Heartbeat): Promise<HeartbeatRow | undefined> {
    return (await this.sessions.run((db) => recordHeartbeats(db, [heartbeat])))[0];
  }
}

/**
 * Sorts tasks by the order in which `BatchingTaskQueue` locks the rows of `room_queue`, so that the
 * two queues do not deadlock. Tasks without room fairness lock no such row: they come first, in
 * their original order, which determines their numbers.
 */
function sortByRoomQueue(tasks: readonly NewTask[], jobs: LockedJobs): NewTask[] {
  const hasRoomQueue = ({ jobId }: NewTask) => jobs.get(jobId)?.fairness === "room";
  const sorted = tasks
    .filter(hasRoomQueue)
    .sort(
      (a, b) => compare(a.jobId, b.jobId) || compare(a.roomId, b.roomId) || compare(a.priority, b.priority),
    );
  return [...tasks.filter((task) => !hasRoomQueue(task)), ...sorted];
}

function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Returns true if the ids are UUIDs. Other ids cannot match any row. */
export function hasValidIds({ id, workerId }: { readonly id: string; readonly workerId?: string }): boolean {
  return isUuid(id) && (workerId === undefined || isUuid(workerId));
}

function toCompletedTask({ task, jobId }: TaskRecord): CompletedTask {
  const { id, room_id: roomId, completed_at: completedAt, started_at: startedAt } = task;
  if (completedAt === null || startedAt === null) throw new Error("a completed task has no start or no end");
  const runSeconds = (Date.parse(completedAt) - Date.parse(startedAt)) / 1000;
  return { id, roomId, jobId, completedAt, runSeconds };
}
