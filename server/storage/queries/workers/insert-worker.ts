import { sql } from "kysely";
import type { NewWorkerRecord } from "../../../records.ts";
import type { WorkerRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { WORKER_COLUMNS } from "./list-workers.ts";

/** Inserts a worker, and records its first heartbeat. */
export const insertWorker = async (db: Sql, { id, name, userId }: NewWorkerRecord): Promise<WorkerRow> => {
  const { rows } = await sql<WorkerRow>`
    insert into joblib.worker as w (id, name, user_id, last_heartbeat)
    values (${id}::uuid, ${name}, ${userId}, clock_timestamp())
    returning ${WORKER_COLUMNS}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error("the insert of a worker returned nothing");
  return row;
};
