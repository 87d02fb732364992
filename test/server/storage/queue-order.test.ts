import { type RawBuilder, sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { INDEX_ORDER, QUEUE_ORDER } from "../../../server/storage/queue/queue-order.ts";
import { openSessionPool } from "../../../server/storage/sessions/orm-connection.ts";
import { createSql } from "../../../server/storage/sessions/sessions.ts";
import { createDatabase } from "../../support/postgres.ts";

const JOB = "00000000-0000-4000-8000-000000000000";

/**
 * Returns PostgreSQL's query plan for finding the first due task in the given order. Inserts one
 * task for each of `rooms` rooms. All of them have the same submit number (column `number`), as
 * with room fairness.
 */
const explain = async (order: RawBuilder<unknown>, rooms = 0): Promise<string> => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 1 });
  onTestFinished(() => orm.close());
  await migrate(orm);
  const pool = openSessionPool(orm);
  if (pool === undefined) throw new Error("the ORM has no session pool");
  onTestFinished(() => pool.end());
  const lookup = createSql(pool, "lookup");
  await sql`
    insert into joblib.task (id, job_id, room_id, payload, priority, max_attempts, backoff, run_at, due, created_by_id, numbered_by_room, number)
    select gen_random_uuid(), ${JOB}, 'room ' || n, '{}', 0, 1, '{}', now(), true, 'user', true, 1
    from generate_series(1, ${sql.lit(rooms)}) as n`.execute(lookup);
  const { rows } = await sql<{ "QUERY PLAN": string }>`
    explain (analyze, costs off, timing off) select t.ctid from joblib.task as t
    where t.job_id = ${JOB} and t.status = 'pending' and t.due order by ${order} limit 1`.execute(lookup);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
};

test("PostgreSQL reads the queue from its index and sorts it incrementally", async () => {
  const plan = await explain(QUEUE_ORDER);

  expect(plan).toMatch(/Index Scan using task_due/);
  expect(plan).toMatch(/Incremental Sort/);
  expect(plan).toMatch(/Presorted Key: (t\.)?priority, \(+CASE WHEN (t\.)?numbered_by_room/);
});

test("PostgreSQL returns tasks in the order of the index without a sort", async () => {
  const plan = await explain(INDEX_ORDER);

  expect(plan).toMatch(/Index Scan using task_due/);
  expect(plan).not.toMatch(/Sort/);
});

test.each([
  ["the queue", QUEUE_ORDER],
  ["the index", INDEX_ORDER],
])("PostgreSQL reads only a few of many tasks with the same submit number in the order of %s", async (_, order) => {
  const plan = await explain(order, 500);

  const rowsRead = Number(/Index Scan using task_due.*rows=(\d+)/.exec(plan)?.[1]);
  expect(rowsRead).toBeGreaterThan(0);
  expect(rowsRead).toBeLessThan(50);
});
