import { type RawBuilder, sql } from "kysely";
import type { FailedOutcome } from "../../../../protocol/index.ts";
import type { LeaseEnd } from "../../../ports.ts";
import type { Transition } from "../../../records.ts";
import { formatTimeInSql } from "../../sql/statement.ts";

/**
 * The reason that is stored for an ended lease. The response to a heartbeat contains it, except
 * `reported`, which means that the worker itself ended the lease.
 */
export type EndedLeaseReason = LeaseEnd | "cancelled";

/** The failure of an attempt. The expressions may refer to the task `t`. */
export interface AttemptFailure {
  readonly error: RawBuilder<unknown>;
  readonly leaseEnd: EndedLeaseReason | RawBuilder<unknown>;
  /** The result to store if no attempts are left. */
  readonly result?: RawBuilder<unknown>;
}

// A task that fails before it is started still counts as a run, because it could otherwise be
// retried forever.
const runs = sql`(t.runs + case when t.status = 'claimed' then 1 else 0 end)`;
const hasAttemptsLeft = sql`(${runs} < t.max_attempts)`;

// PostgreSQL calculates the power before it applies the maximum, so the exponent is limited to
// avoid huge values such as 2^99.
const delayWithoutJitter = sql`(case t.backoff ->> 'kind'
  when 'fixed' then (t.backoff ->> 'seconds')::float8
  else least((t.backoff ->> 'seconds')::float8 * power(2::float8, least(${runs} - 1, 40)),
             (t.backoff ->> 'max_seconds')::float8)
  end)`;
const delay = sql`(${delayWithoutJitter} * (1 + (t.backoff ->> 'jitter')::float8 * (2 * random() - 1)))`;

/**
 * Returns the outcome of a failed attempt that the column `errors` stores. A failure that a worker
 * or a user reported is stored as `failed`.
 */
const getOutcome = (leaseEnd: AttemptFailure["leaseEnd"]): FailedOutcome =>
  leaseEnd === "lost" || leaseEnd === "timed_out" ? leaseEnd : "failed";

function setLeaseEnd(leaseEnd: AttemptFailure["leaseEnd"]) {
  const reason = typeof leaseEnd === "string" ? sql.lit(leaseEnd) : leaseEnd;
  return sql`ended_lease_worker_id = t.worker_id, ended_lease_reason = ${reason}`;
}

/**
 * Builds the `set` list that ends the attempt of a claimed or running task `t`: the task is pending
 * again if attempts are left, otherwise it fails.
 */
export const setAttemptFailed = ({ error, leaseEnd, result }: AttemptFailure): RawBuilder<unknown> => sql`
  status = case when ${hasAttemptsLeft} then 'pending' else 'failed' end,
  runs = ${runs},
  errors = t.errors || jsonb_build_array(jsonb_build_object(
    'attempt', t.attempt, 'at', ${formatTimeInSql(sql`clock_timestamp()`)}, 'error', coalesce(${error}, ''),
    'worker_id', t.worker_id, 'outcome', ${sql.lit(getOutcome(leaseEnd))}::text) || jsonb_strip_nulls(jsonb_build_object(
    'claimed_at', ${formatTimeInSql(sql`t.claimed_at`)}, 'started_at', ${formatTimeInSql(sql`t.started_at`)}))),
  error = case when ${hasAttemptsLeft} then null else ${error} end,
  run_at = case when ${hasAttemptsLeft} then clock_timestamp() + make_interval(secs => ${delay}) else t.run_at end,
  due = case when ${hasAttemptsLeft} then ${delayWithoutJitter} <= 0 else t.due end,
  worker_id = case when ${hasAttemptsLeft} then null else t.worker_id end,
  claimed_at = case when ${hasAttemptsLeft} then null else t.claimed_at end,
  started_at = case when ${hasAttemptsLeft} then null else t.started_at end,
  progress = case when ${hasAttemptsLeft} then null else t.progress end,
  result = case when ${hasAttemptsLeft} then null else ${result ?? sql`t.result`} end,
  completed_at = case when ${hasAttemptsLeft} then null else clock_timestamp() end,
  version = t.version + 1,
  ${setLeaseEnd(leaseEnd)}`;

/**
 * Builds the `set` list that requeues a task `t`. The task keeps its queue position and its number
 * of runs.
 */
export const setRequeued = (leaseEnd: EndedLeaseReason): RawBuilder<unknown> => sql`
  status = 'pending',
  worker_id = null,
  claimed_at = null,
  started_at = null,
  progress = null,
  version = t.version + 1,
  ${setLeaseEnd(leaseEnd)}`;

/**
 * Builds the `set` list that completes a task `t`. It does not set the end of the lease, which
 * differs between a completion by the worker and the adoption of a late result.
 */
export const setCompleted = (result: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  status = 'completed', completed_at = clock_timestamp(), error = null, result = ${result}, version = t.version + 1`;

/** The values of a transition, in SQL. They may refer to the task `t`. */
export interface TransitionValues {
  readonly error: RawBuilder<unknown>;
  readonly result: RawBuilder<unknown>;
  /** Undefined if the progress does not change. */
  readonly progress?: RawBuilder<unknown> | undefined;
  readonly leaseEnd: RawBuilder<unknown>;
}

/**
 * Builds the `set` list of a transition. The caller adds the conditions on status, worker and
 * attempt.
 */
export function setTransition(
  to: Transition["to"],
  { error, result, progress, leaseEnd }: TransitionValues,
): RawBuilder<unknown> {
  const setProgress = progress === undefined ? sql`` : sql`progress = coalesce(${progress}, t.progress),`;
  switch (to) {
    case "running":
      return sql`${setProgress} status = 'running', started_at = clock_timestamp(), runs = t.runs + 1,
        version = t.version + 1`;
    case "completed":
      return sql`${setProgress} ${setCompleted(result)}, ${setLeaseEnd(leaseEnd)}`;
    case "cancelled":
      return sql`${setProgress} status = 'cancelled', completed_at = clock_timestamp(), error = ${error},
        version = t.version + 1, ${setLeaseEnd("cancelled")}`;
    case "failed":
      return setAttemptFailed({ error, leaseEnd, result });
  }
}
