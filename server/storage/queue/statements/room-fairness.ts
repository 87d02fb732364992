import { sql } from "kysely";
import { INDEX_ORDER } from "../../queries/tasks/queue-order.ts";

/**
 * CTEs of `insertTasks` for jobs with room fairness. They number tasks by start-time fair queueing (Goyal,
 * Vin and Cheng, SIGCOMM 1996), with every task of the same length. A room's task gets the number after the
 * room's last one, or that of the task that is claimed next, whichever is higher. So a claim still takes the
 * first task by priority and number. A room with 50,000 pending tasks has 50,000 consecutive numbers, and the
 * first task of another room gets the lowest of these. No task gets a higher number than the sequence would
 * have given it.
 */
export const ROOM_NUMBERS_CTE = sql`
    new_tasks as materialized (
      select i.job_id, i.room_id, i.priority, count(*)::int as tasks
      from accepted_tasks as i join locked_jobs on locked_jobs.id = i.job_id
      where locked_jobs.fairness = 'room'
      group by i.job_id, i.room_id, i.priority
    ),
    room_numbers as (
      insert into joblib.room_queue as r (job_id, room_id, priority, number, tasks)
      select n.job_id, n.room_id, n.priority, coalesce((
        select t.number from joblib.task as t
        where t.job_id = n.job_id and t.status = 'pending' and t.due and t.priority = n.priority
        order by ${INDEX_ORDER} limit 1
      ), nextval('joblib.task_number')) + n.tasks - 1, n.tasks
      from new_tasks as n
      order by n.job_id, n.room_id, n.priority
      on conflict (job_id, room_id, priority) do update
        set number = greatest(r.number + excluded.tasks, excluded.number), tasks = excluded.tasks
      returning r.job_id, r.room_id, r.priority, r.number - r.tasks as previous_number
    ),`;

/** The number of an accepted task `i`: the next number of its room, or of the sequence. */
export const TASK_NUMBER = sql`coalesce((
          select room_numbers.previous_number from room_numbers
          where room_numbers.job_id = i.job_id and room_numbers.room_id = i.room_id and room_numbers.priority = i.priority
        ) + row_number() over (
          partition by i.job_id, i.room_id, i.priority order by i.request_number, i.group_number, i.ordinal
        ),
        nextval('joblib.task_number'))`;

/** True if the number of an accepted task `i` comes from its room. */
export const IS_NUMBERED_BY_ROOM = sql`(select locked_jobs.fairness = 'room' from locked_jobs where locked_jobs.id = i.job_id)`;
