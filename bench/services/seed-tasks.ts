import { query } from "./postgres.ts";

/** Tasks that exist before a measurement starts. */
export interface ExistingTasks {
  readonly status: "pending" | "completed";
  /** The name of the tasks' job. */
  readonly job: string;
  readonly rows: number;
}

/**
 * Inserts tasks with SQL, with the values that separate submits would store. Also updates the
 * statistics of PostgreSQL's query planner.
 */
export const seedTasks = async (databaseUrl: string, { status, job, rows }: ExistingTasks): Promise<void> => {
  const done = status === "completed";
  await query(
    databaseUrl,
    `insert into joblib.task (id, job_id, room_id, status, payload, priority, attempt, runs, max_attempts, backoff,
       run_at, due, created_at, claimed_at, started_at, completed_at, created_by_id, worker_id)
     select gen_random_uuid(), j.id, j.room_id, $1,
       jsonb_build_object('i', n, 't', 0, 'note', repeat('x', 76)), 0, $3::int, $3::int, 1,
       '{"kind": "exponential", "seconds": 5, "max_seconds": 3600, "jitter": 0.2}',
       at, true, at, case when $2 then at end, case when $2 then at end, case when $2 then at end, 'bench',
       case when $2 then gen_random_uuid() end
     from joblib.job as j,
       lateral (select n, now() - make_interval(secs => ($4 - n) * 0.1) as at from generate_series(1, $4::int) as n) as s
     where j.name = $5`,
    [status, done, done ? 1 : 0, rows, job],
  );
  await query(
    databaseUrl,
    `insert into joblib.task_listing select id, room_id, job_id, created_at from joblib.task on conflict do nothing`,
  );
  await query(databaseUrl, "vacuum analyze joblib.task, joblib.task_listing");
  // The worker that registered the jobs has stopped. Setting its last heartbeat to a future time
  // prevents a sweep of the worker during a measurement.
  await query(databaseUrl, "update joblib.worker set last_heartbeat = now() + interval '1 hour'");
};
