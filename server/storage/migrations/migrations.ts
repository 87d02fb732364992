import { INITIAL_TABLES } from "./initial-tables.ts";
import { defineMigration } from "./joblib-migration.ts";

/**
 * joblib's migrations, oldest first. A host application can add them to the `migrationsList` of its
 * ORM, or run `joblib migrate`.
 */
export const migrations = [
  defineMigration("joblib-20261123-initial", INITIAL_TABLES),

  // Moves the indexes for lists to a table whose rows are never updated. Each transition of a task
  // changes an indexed column, so PostgreSQL adds an entry to every index of `task`: a transition
  // took 76 µs with the two indexes for lists, and 36 µs without them (20,000 tasks, 100 per
  // statement).
  defineMigration("joblib-20261124-places", [
    `create table joblib.task_place (
      task_id uuid not null,
      room_id text not null,
      job_id uuid not null,
      created_at timestamptz not null
    )`,
    `insert into joblib.task_place select id, room_id, job_id, created_at from joblib.task`,
    `alter table joblib.task_place add primary key (room_id, created_at, task_id)`,
    `create index task_place_job on joblib.task_place (job_id, room_id, created_at, task_id)`,
    `drop index joblib.task_of_room`,
    `drop index joblib.task_of_job`,
    // The check of the foreign key took 6 of the 26 µs of an insert. It is not needed, because the
    // insert locks the job, and jobs are never deleted.
    `alter table joblib.task drop constraint task_job_id_fkey`,
    // The fillfactor made no measurable difference, because every update of a task changes an
    // indexed column, so no update can be a heap-only tuple (HOT) update.
    `alter table joblib.task reset (fillfactor)`,
  ]),

  defineMigration("joblib-20261124-late-results", [
    `create table joblib.late_result (
      task_id uuid not null,
      attempt integer not null,
      worker_id uuid not null,
      user_id text not null,
      result jsonb,
      received_at timestamptz not null default clock_timestamp(),
      primary key (task_id, attempt, worker_id)
    )`,
  ]),

  // Stores `number` of the last task that a room has submitted to a job with room fairness, for
  // each priority. `tasks` is how many tasks that submit contained.
  defineMigration("joblib-20261125-room-turns", [
    `alter table joblib.job add column fairness text not null default 'fifo'
      constraint job_fairness check (fairness in ('fifo', 'room'))`,
    `create table joblib.room_turn (
      job_id uuid not null,
      room_id text not null,
      priority integer not null,
      number bigint not null,
      tasks integer not null,
      primary key (job_id, room_id, priority)
    )`,
  ]),

  defineMigration("joblib-20261125-task-logs", [
    `create table joblib.task_log (
      task_id uuid not null,
      attempt integer not null,
      number integer not null,
      at timestamptz not null,
      level text not null,
      text text not null,
      primary key (task_id, attempt, number)
    )`,
  ]),

  // Draining deletes the links of a worker to its jobs, so that claims need no condition for
  // draining workers. This column stores the ids of these jobs.
  defineMigration("joblib-20261125-draining", [`alter table joblib.worker add column drained_jobs jsonb`]),

  // Stores the schema of a job as `json` too, because `jsonb` does not keep the order of members,
  // in which forms show their fields. Existing jobs get this value at their next registration.
  defineMigration("joblib-20261125-written-schema", [
    `alter table joblib.job add column written_schema json`,
  ]),

  defineMigration("joblib-20261125-trace-context", [
    `alter table joblib.task add column trace_context jsonb`,
  ]),

  // The table stays small, because each insert deletes invitations that expired long ago.
  defineMigration("joblib-20261125-invitations", [
    `create table joblib.invitation (
      id uuid not null primary key,
      room_id text not null,
      jobs jsonb,
      note text,
      created_by_id text not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      revoked_at timestamptz
    )`,
    "create index invitation_of_room on joblib.invitation (room_id, created_at desc, id desc)",
  ]),

  // Stores payloads as `json`, because PostgreSQL returns the text of a `json` value unchanged, and
  // the server does not need its members. Formatting a `jsonb` value took half of the database's
  // time for the claim of a task of 100 KB. Rewrites the table under an exclusive lock.
  defineMigration("joblib-20261125-plain-payload", [
    `alter table joblib.task alter column payload type json using payload::text::json`,
  ]),

  // Changes the index for claims so that 16 consecutive task numbers share one index key: see
  // `queue/queue-order.ts`. Does not rewrite the table. Submits wait while the index is built.
  defineMigration("joblib-20261126-queue-places", [
    `alter table joblib.task add column in_turn boolean not null default false`,
    `update joblib.task set in_turn = true
      where status = 'pending' and job_id in (select id from joblib.job where fairness = 'room')`,
    `drop index joblib.task_due`,
    `create index task_due on joblib.task (
      job_id, priority desc, (case when in_turn then number else number & '-16'::bigint end), (case when in_turn then id end)
    ) where status = 'pending' and due`,
  ]),

  // Stores results as `json`, like payloads: writing and reading take about half the time of
  // `jsonb` (1.5 instead of 2.3 ms, and 0.5 instead of 1.0 ms, for 100 KB of coordinates). Rewrites
  // the tables under an exclusive lock.
  defineMigration("joblib-20261126-large-values", [
    `alter table joblib.task alter column result type json using result::text::json`,
    `alter table joblib.late_result alter column result type json using result::text::json`,
    // An insert of 100 KB of coordinates took 5.4 ms with pglz and takes 1.5 ms with LZ4 (1.1 and
    // 0.4 ms for a repetitive text); reads take the same time. A PostgreSQL that was built without
    // LZ4 keeps pglz. Existing values are not changed.
    `do $$ begin
      alter table joblib.task alter column payload set compression lz4, alter column result set compression lz4,
        alter column error set compression lz4;
      alter table joblib.late_result alter column result set compression lz4;
      exception when feature_not_supported then null; end $$`,
  ]),

  // Renames tables, columns, constraints and indexes to the terms of the documentation. Changes
  // only the catalog. Servers of earlier versions fail until they are restarted with this version.
  defineMigration("joblib-20261129-plain-names", [
    `alter table joblib.task rename column hold_ended_worker_id to ended_lease_worker_id`,
    `alter table joblib.task rename column hold_ended_reason to ended_lease_reason`,
    `alter table joblib.task rename column in_turn to numbered_by_room`,
    `alter table joblib.task rename constraint task_hold_ended_reason_check to task_ended_lease_reason_check`,
    `alter table joblib.task rename constraint task_held_has_worker to task_leased_has_worker`,
    `alter index joblib.task_held rename to task_leased`,
    `alter table joblib.task_place rename to task_listing`,
    `alter table joblib.task_listing rename constraint task_place_pkey to task_listing_pkey`,
    `alter index joblib.task_place_job rename to task_listing_job`,
    `alter table joblib.room_turn rename to room_queue`,
    `alter table joblib.room_queue rename constraint room_turn_pkey to room_queue_pkey`,
  ]),

  // The version increases with each change of a worker's jobs. It allows a claim to use the jobs
  // that the server has cached, and to detect that they are outdated.
  defineMigration("joblib-20261129-jobs-version", [
    `alter table joblib.worker add column jobs_version integer not null default 0`,
  ]),

  // Rows are deleted with their task. `number` is the number of the first part of a row, `next` the
  // number after its last part, and `bytes` the size of the attempt's output up to the end of the
  // row.
  defineMigration("joblib-20261129-task-output", [
    `create table joblib.task_output (
      task_id uuid not null,
      attempt integer not null,
      number integer not null,
      next integer not null,
      bytes bigint not null,
      parts json not null,
      primary key (task_id, attempt, number)
    )`,
  ]),

  // Locks `worker` for milliseconds, to add the foreign key.
  defineMigration("joblib-20261129-providers", [
    `create table joblib.provider (
      id uuid not null primary key,
      room_id text not null,
      category text not null,
      name text not null,
      schema json not null,
      schema_hash text not null,
      content_type text not null,
      description text,
      created_at timestamptz not null default now(),
      last_worker_at timestamptz not null default now()
    )`,
    "create unique index provider_address on joblib.provider (room_id, category, name)",
    `create table joblib.worker_provider (
      worker_id uuid not null references joblib.worker (id) on delete cascade,
      provider_id uuid not null references joblib.provider (id) on delete cascade,
      primary key (worker_id, provider_id)
    )`,
    "create index worker_provider_provider on joblib.worker_provider (provider_id)",
  ]),

  // A file is complete when it has a `sha256`. `received` is smaller than `size` until then.
  defineMigration("joblib-20261130-files", [
    `create table joblib.file_content (
      sha256 text not null primary key,
      size bigint not null
    )`,
    `create table joblib.file (
      id uuid not null primary key,
      room_id text not null,
      name text not null,
      media_type text not null,
      size bigint not null,
      sha256 text references joblib.file_content (sha256),
      declared_sha256 text,
      task_id uuid,
      attempt integer,
      received bigint not null default 0,
      writer_id uuid,
      writer_until timestamptz,
      created_by_id text not null,
      created_at timestamptz not null default now()
    )`,
    "create index file_room on joblib.file (room_id) include (size)",
    "create index file_sha256 on joblib.file (sha256)",
    "create index file_created_at on joblib.file (created_at)",
    // The key contains the file, so that a completion that fails later replaces no row of another.
    `create table joblib.task_file (
      task_id uuid not null,
      role text not null,
      pointer text not null,
      file_id uuid not null references joblib.file (id),
      created_at timestamptz not null default now(),
      primary key (task_id, role, pointer, file_id)
    )`,
    "create index task_file_file on joblib.task_file (file_id)",
  ]),
];
