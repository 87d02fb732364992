import { sql } from "kysely";
import { INDEX_ORDER } from "./queue-order.ts";

/**
 * CTEs of `insertTasks` for jobs whose rooms take turns, by start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996)
 * with every task as long as any other: a room's task gets the number after the room's last one, or that of the task
 * which is served next, if that is more. So the claim stays what it is, the first by priority and number; a room of
 * 50,000 pending tasks holds 50,000 numbers in a row, and the first of another room stands among the first of them. No number is
 * higher than the sequence would have given, so jobs that share a worker do not lose by it.
 */
export const ROOM_TURNS_CTE = sql`
    wanted as materialized (
      select i.job_id, i.room_id, i.priority, count(*)::int as tasks
      from accepted as i join held on held.id = i.job_id
      where held.fairness = 'room'
      group by i.job_id, i.room_id, i.priority
    ),
    turns as (
      insert into joblib.room_turn as r (job_id, room_id, priority, number, tasks)
      select w.job_id, w.room_id, w.priority, coalesce((
        select t.number from joblib.task as t
        where t.job_id = w.job_id and t.status = 'pending' and t.due and t.priority = w.priority
        order by ${INDEX_ORDER} limit 1
      ), nextval('joblib.task_number')) + w.tasks - 1, w.tasks
      from wanted as w
      order by w.job_id, w.room_id, w.priority
      on conflict (job_id, room_id, priority) do update
        set number = greatest(r.number + excluded.tasks, excluded.number), tasks = excluded.tasks
      returning r.job_id, r.room_id, r.priority, r.number - r.tasks as before
    ),`;

/** The number of a task `i` of the accepted ones: its room's next, or the sequence's. */
export const TASK_NUMBER = sql`coalesce((
          select turns.before from turns
          where turns.job_id = i.job_id and turns.room_id = i.room_id and turns.priority = i.priority
        ) + row_number() over (partition by i.job_id, i.room_id, i.priority order by i.place, i.nth, i."order"),
        nextval('joblib.task_number'))`;

/** Whether the number of a task `i` of the accepted ones is of its room's turn. */
export const IS_IN_TURN = sql`(select held.fairness = 'room' from held where held.id = i.job_id)`;
