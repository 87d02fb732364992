import { type RawBuilder, sql } from "kysely";
import { type JsonValue, originsOf } from "../../../protocol/index.ts";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import type { Transition } from "../storage.ts";
import { endOfAttempt, type HoldEnd } from "./end-of-attempt.ts";
import { touchWorker } from "./touch-worker.ts";

const json = (value: JsonValue | undefined) =>
  sql`${value === undefined || value === null ? null : JSON.stringify(value)}::jsonb`;

/** The `where` of a fence: the row still names this worker, and is in this attempt. */
export const fence = ({ workerId, attempt }: { workerId?: string; attempt?: number }) => sql`
  ${workerId === undefined ? sql`` : sql`and t.worker_id = ${workerId}::uuid`}
  ${attempt === undefined ? sql`` : sql`and t.attempt = ${attempt}::int`}`;

const endHold = (reason: HoldEnd) => sql`
  version = t.version + 1,
  hold_ended_worker_id = t.worker_id,
  hold_ended_reason = ${sql.lit(reason)}`;

const progressOf = ({ progress }: Transition) =>
  progress === undefined ? sql`` : sql`progress = ${JSON.stringify(progress)}::jsonb,`;

const changes = (step: Transition): RawBuilder<unknown> => {
  // A step without a worker's name was taken by hand: the worker, who does not know, is told to let go.
  const told: HoldEnd = step.workerId === undefined ? "lost" : "reported";
  const error = sql`${step.error ?? null}::text`;
  switch (step.to) {
    case "running":
      return sql`${progressOf(step)} status = 'running', started_at = clock_timestamp(), runs = t.runs + 1,
        version = t.version + 1`;
    case "completed":
      return sql`${progressOf(step)} status = 'completed', completed_at = clock_timestamp(), error = null,
        result = ${json(step.result)}, ${endHold(told)}`;
    case "cancelled":
      return sql`${progressOf(step)} status = 'cancelled', completed_at = clock_timestamp(), error = ${error},
        ${endHold("cancelled")}`;
    case "failed":
      return endOfAttempt({ error, holdEnd: told, result: json(step.result) });
  }
};

/** Compare-and-set of one task's status; the statuses that it may come from are the state machine's. */
export const transitionTask = async (db: Sql, step: Transition) => {
  const origins = sql.join(originsOf(step.to).map((status) => sql.lit(status)));
  const touched = step.workerId === undefined ? sql`` : sql`, ${touchWorker(step.workerId)}`;
  const { rows } = await sql<TaskRow>`
    with moved as (
      update joblib.task as t set ${changes(step)}
      where t.id = ${step.id}::uuid and t.status in (${origins}) ${fence(step)}
      returning t.*
    ) ${touched}
    ${selectTasks("moved")}`.execute(db);
  return rows[0];
};
