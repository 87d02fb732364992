/**
 * SQL that creates the audit schema: triggers record every committed change of a task's state and
 * every committed end of a worker. The checker compares these records with the responses. joblib
 * itself does not use this schema.
 */
export const AUDIT = `
create schema faults;

create table faults.step (
  seq bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  task_id uuid not null, room_id text, job_id uuid, number bigint, priority integer, run_at timestamptz,
  from_status text, to_status text, from_attempt integer, to_attempt integer,
  from_worker uuid, to_worker uuid, runs integer, max_attempts integer
);

create table faults.ended_worker (
  at timestamptz not null default clock_timestamp(),
  worker_id uuid not null, silent_ms double precision not null
);

create function faults.note_step() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.status = old.status and new.attempt = old.attempt
     and new.worker_id is not distinct from old.worker_id and new.runs = old.runs
     and (old.completed_at is null or (new.result::text is not distinct from old.result::text and new.error is not distinct from old.error))
  then return null; end if;
  insert into faults.step (task_id, room_id, job_id, number, priority, run_at, from_status, to_status, from_attempt,
    to_attempt, from_worker, to_worker, runs, max_attempts)
  values (coalesce(new.id, old.id), coalesce(new.room_id, old.room_id), coalesce(new.job_id, old.job_id),
    coalesce(new.number, old.number), coalesce(new.priority, old.priority), coalesce(new.run_at, old.run_at),
    old.status, new.status, old.attempt, new.attempt, old.worker_id, new.worker_id, new.runs, new.max_attempts);
  return null;
end $$;

create function faults.note_end() returns trigger language plpgsql as $$
begin
  insert into faults.ended_worker (worker_id, silent_ms)
  values (old.id, extract(epoch from clock_timestamp() - old.last_heartbeat) * 1000);
  return null;
end $$;

create trigger faults_step after insert or update or delete on joblib.task
  for each row execute function faults.note_step();
create trigger faults_end after delete on joblib.worker
  for each row execute function faults.note_end();
`;
