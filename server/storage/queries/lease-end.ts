import { type RawBuilder, sql } from "kysely";
import type { FailedOutcome } from "../../../protocol/index.ts";

/** How a worker's hold on a task ended, as its heartbeat is told; `reported`: by its own word. */
export type LeaseEnd = "reported" | "cancelled" | "timed_out" | "lost";

/** How an attempt failed; `error` may be an expression over the task `t`. */
export interface AttemptFailure {
  readonly error: RawBuilder<unknown>;
  readonly leaseEnd: LeaseEnd | RawBuilder<unknown>;
  /** Kept where the failure is the end. */
  readonly result?: RawBuilder<unknown>;
}

// A task that fails without having been started counts as run, or it could fail for ever.
const runs = sql`(t.runs + case when t.status = 'claimed' then 1 else 0 end)`;
const again = sql`(${runs} < t.max_attempts)`;

// The exponent is bounded so that 2^99 × 86,400 s never comes up before the cap.
const plainWait = sql`(case t.backoff ->> 'kind'
  when 'fixed' then (t.backoff ->> 'seconds')::float8
  else least((t.backoff ->> 'seconds')::float8 * power(2::float8, least(${runs} - 1, 40)),
             (t.backoff ->> 'max_seconds')::float8)
  end)`;
const wait = sql`(${plainWait} * (1 + (t.backoff ->> 'jitter')::float8 * (2 * random() - 1)))`;

/** A time as it goes into `errors`: RFC 3339 in UTC with milliseconds. */
const formatTime = (time: RawBuilder<unknown>) =>
  sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** How the attempt is remembered; who says of itself, or of another, that it failed does not say more. */
const outcomeOf = (holdEnd: AttemptFailure["holdEnd"]): FailedOutcome =>
  holdEnd === "lost" || holdEnd === "timed_out" ? holdEnd : "failed";

/** The `set` list that fails a claimed or running task `t`, or makes it pending again while attempts are left. */
export const setAttemptFailed = ({
  error,
  leaseEnd: holdEnd,
  result,
}: AttemptFailure): RawBuilder<unknown> => sql`
  status = case when ${again} then 'pending' else 'failed' end,
  runs = ${runs},
  errors = t.errors || jsonb_build_array(jsonb_build_object(
    'attempt', t.attempt, 'at', ${formatTime(sql`clock_timestamp()`)}, 'error', coalesce(${error}, ''),
    'worker_id', t.worker_id, 'outcome', ${sql.lit(outcomeOf(holdEnd))}::text) || jsonb_strip_nulls(jsonb_build_object(
    'claimed_at', ${formatTime(sql`t.claimed_at`)}, 'started_at', ${formatTime(sql`t.started_at`)}))),
  error = case when ${again} then null else ${error} end,
  run_at = case when ${again} then clock_timestamp() + make_interval(secs => ${wait}) else t.run_at end,
  due = case when ${again} then ${plainWait} <= 0 else t.due end,
  worker_id = case when ${again} then null else t.worker_id end,
  claimed_at = case when ${again} then null else t.claimed_at end,
  started_at = case when ${again} then null else t.started_at end,
  progress = case when ${again} then null else t.progress end,
  result = case when ${again} then null else ${result ?? sql`t.result`} end,
  completed_at = case when ${again} then null else clock_timestamp() end,
  version = t.version + 1,
  hold_ended_worker_id = t.worker_id,
  hold_ended_reason = ${typeof holdEnd === "string" ? sql.lit(holdEnd) : holdEnd}`;

/** The `set` list that puts a claimed task `t` back unstarted: its claim cost nothing, and it keeps its place. */
export const setRequeued = (holdEnd: LeaseEnd): RawBuilder<unknown> => sql`
  status = 'pending',
  worker_id = null,
  claimed_at = null,
  started_at = null,
  progress = null,
  version = t.version + 1,
  hold_ended_worker_id = t.worker_id,
  hold_ended_reason = ${sql.lit(holdEnd)}`;
