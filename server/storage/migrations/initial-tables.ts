/**
 * The statements of the first migration: four tables with their constraints, and an index for each
 * frequent query.
 */
export const INITIAL_TABLES: readonly string[] = [
  `create table joblib.job (
    id uuid primary key,
    room_id text not null,
    category text not null,
    name text not null,
    schema jsonb not null,
    result_schema jsonb,
    schema_hash text not null,
    description text,
    defaults jsonb not null,
    created_at timestamptz not null default now(),
    removed_at timestamptz
  )`,
  // An address is unique only among registered jobs: several removed jobs may have the same
  // address.
  `create unique index job_address on joblib.job (room_id, category, name) where removed_at is null`,
  `create table joblib.worker (
    id uuid primary key,
    name text,
    user_id text not null,
    last_heartbeat timestamptz not null default now(),
    created_at timestamptz not null default now()
  ) with (fillfactor = 50)`,
  `create index worker_user on joblib.worker (user_id)`,
  `create table joblib.worker_job (
    worker_id uuid not null references joblib.worker (id),
    job_id uuid not null references joblib.job (id),
    primary key (worker_id, job_id)
  )`,
  `create index worker_job_job on joblib.worker_job (job_id, worker_id)`,
  `create sequence joblib.task_number`,
  // Makes autovacuum vacuum and analyze the table after 2 % of its rows have changed, because the
  // defaults of 20 % and 10 % are too high for a queue.
  `create table joblib.task (
    id uuid primary key,
    number bigint not null default nextval('joblib.task_number'),
    job_id uuid not null references joblib.job (id),
    room_id text not null,
    status text not null default 'pending'
      check (status in ('pending', 'claimed', 'running', 'completed', 'failed', 'cancelled')),
    payload jsonb not null,
    priority integer not null check (priority between -100 and 100),
    attempt integer not null default 0 check (attempt >= 0),
    runs integer not null default 0,
    max_attempts integer not null check (max_attempts between 1 and 100),
    backoff jsonb not null,
    timeout_seconds double precision check (timeout_seconds > 0),
    run_at timestamptz not null,
    due boolean not null,
    created_at timestamptz not null default now(),
    claimed_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    created_by_id text not null,
    worker_id uuid,
    error text,
    errors jsonb not null default '[]',
    result jsonb,
    progress jsonb,
    version integer not null default 1,
    idempotency_key text,
    request_hash text,
    hold_ended_worker_id uuid,
    hold_ended_reason text check (hold_ended_reason in ('reported', 'cancelled', 'timed_out', 'lost')),
    constraint task_runs_bounded check (runs between 0 and max_attempts),
    constraint task_terminal_is_completed
      check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
    constraint task_held_has_worker
      check (status not in ('claimed', 'running') or (worker_id is not null and claimed_at is not null)),
    constraint task_pending_has_no_worker check (status <> 'pending' or worker_id is null),
    constraint task_running_is_started check (status <> 'running' or started_at is not null),
    constraint task_key_has_hash check ((idempotency_key is null) = (request_hash is null))
  ) with (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02
  )`,
  `alter sequence joblib.task_number owned by joblib.task.number`,
  // Used by claims: one ordered index scan per job.
  `create index task_due on joblib.task (job_id, priority desc, number) where status = 'pending' and due`,
  // Used to find the time at which the next task becomes due, and the delayed tasks whose `run_at`
  // has passed.
  `create index task_delayed on joblib.task (job_id, run_at) where status = 'pending' and not due`,
  // Used to find the tasks that a worker has leases on.
  `create index task_held on joblib.task (worker_id, job_id) where status in ('claimed', 'running')`,
  `create index task_timed on joblib.task (started_at) where status = 'running' and timeout_seconds is not null`,
  // Used by lists of tasks, newest first.
  `create index task_of_room on joblib.task (room_id, created_at, id)`,
  `create index task_of_job on joblib.task (job_id, room_id, created_at, id)`,
  // Used by retention, which deletes the oldest finished tasks.
  `create index task_completed on joblib.task (completed_at) where completed_at is not null`,
  `create unique index task_idempotency on joblib.task (created_by_id, room_id, idempotency_key)
    where idempotency_key is not null`,
];
