import { LRUCache } from "lru-cache";
import type {
  ClaimedTaskRecord,
  CompletedTask,
  Completion,
  NewTask,
  TaskRecord,
  Transition,
} from "../../records.ts";
import { isUuid } from "../ids.ts";
import type { InsertOptions, LinkedJobs } from "../ports/task-queue.ts";
import { formatTime, toRawTaskRecord } from "../rows.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import { ClaimBatches } from "./claim-batches.ts";
import { InsertBatches } from "./insert-batches.ts";
import { hasValidIds, type Inserted, SimpleTaskQueue } from "./simple-task-queue.ts";
import { changeStatuses, storeCompletions } from "./statements/change-status.ts";
import {
  type Heartbeat,
  type HeartbeatRow,
  HeartbeatThrottle,
  recordHeartbeats,
} from "./statements/heartbeat.ts";

/** Maximum weight of a batch, in characters. It allows 500 changes, or a few with large results. */
const MAX_CHANGED_CHARACTERS = 4_000_000;
/** Weight of a change of the status, in addition to the length of its result and error. */
const CHANGE_CHARACTERS = 8_000;

/** Maximum weight of a batch. Each heartbeat has the weight 10, plus 1 for each task that it lists. */
const MAX_HEARTBEATS_WEIGHT = 5_000;
const HEARTBEAT_WEIGHT = 10;

const MAX_CACHED_PAYLOADS = 20_000;
const MAX_CACHED_CHARACTERS = 16_000_000;

/**
 * Maximum number of cached jobs without a result schema. The statement searches this list for each task, so
 * it must be short.
 */
const MAX_JOBS_WITHOUT_RESULT_SCHEMA = 8;

/**
 * The task queue that runs in production. It combines concurrent calls into one prepared statement, assigns new tasks to
 * waiting workers, and passes JSON from the database to the response as text. The calls that only some tasks need are
 * those of `SimpleTaskQueue`.
 */
export class BatchingTaskQueue extends SimpleTaskQueue {
  readonly #inserts: InsertBatches;
  readonly #claims: ClaimBatches;
  readonly #transitions: Readonly<
    Record<Transition["to"], StatementBatcher<Transition, TaskRecord | undefined>>
  >;
  readonly #complete: StatementBatcher<readonly Completion[], (CompletedTask | undefined)[]>;
  readonly #heartbeat: StatementBatcher<Heartbeat, HeartbeatRow | undefined>;

  readonly #throttle = new HeartbeatThrottle();
  readonly #jobsWithoutResultSchema = new LRUCache<string, true>({ max: MAX_JOBS_WITHOUT_RESULT_SCHEMA });
  /**
   * The payloads of claimed tasks, as JSON. Payloads never change, so a transition need not read a cached one again. With
   * payloads of 100 KB, reading them took two thirds of the time of a completion.
   */
  readonly #payloads = new LRUCache<string, string>({
    max: MAX_CACHED_PAYLOADS,
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: ({ length }) => length,
  });

  constructor(sessions: Sessions) {
    super(sessions);
    const { measureBatches } = sessions;
    this.#inserts = new InsertBatches(sessions);
    this.#claims = new ClaimBatches(sessions, this.#payloads, this.#throttle);
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

  protected override insertAllOrNone(
    tasks: readonly NewTask[],
    options: InsertOptions,
  ): Promise<Inserted | undefined> {
    // Several idempotency keys need their own transaction, so that all tasks are inserted or none.
    const canBatch = tasks.length === 1 || tasks.every(({ idempotency }) => idempotency === null);
    return canBatch ? this.#inserts.insert(tasks, options) : super.insertAllOrNone(tasks, options);
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
    const payloads = steps.map(({ id }) => this.#payloads.get(id.toLowerCase()));
    const changes = steps.map((step, index) => ({ ...step, isPayloadKnown: payloads[index] !== undefined }));
    const knownJobs = [...this.#jobsWithoutResultSchema.keys()];
    const records = steps.map((): TaskRecord | undefined => undefined);
    for (const row of await this.sessions.runPrepared((db) => changeStatuses(db, to, changes, knownJobs))) {
      if (row.status !== "running") this.#payloads.delete(row.id);
      records[row.call_index] = toRawTaskRecord(row, row.payload ?? payloads[row.call_index] ?? "{}");
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
    const knownJobs = [...this.#jobsWithoutResultSchema.keys()];
    const completed = completions.map((): CompletedTask | undefined => undefined);
    const touchesWorkers = this.#throttle.isUpdateDue(completions);
    const rows = await this.sessions.runPrepared((db) =>
      storeCompletions(db, completions, knownJobs, touchesWorkers),
    );
    for (const row of rows) {
      const id = completions[row.call_index]?.id.toLowerCase() ?? "";
      this.#payloads.delete(id);
      this.#jobsWithoutResultSchema.set(row.job_id, true);
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
