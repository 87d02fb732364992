import { type RawBuilder, sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database.ts";
import { openHotPool } from "../../../server/storage/hot-pool.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { INDEX_ORDER, QUEUE_ORDER } from "../../../server/storage/queries/queue-order.ts";
import { createDatabase } from "../../support/postgres.ts";

/** How PostgreSQL reads the due tasks of a job in that order, by the settings of the hot statements. */
const planOf = async (order: RawBuilder<unknown>): Promise<string> => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")), poolSize: 1 });
  onTestFinished(() => orm.close());
  await migrate(orm);
  const pool = openHotPool(orm);
  if (pool === undefined) throw new Error("there is no hot pool");
  onTestFinished(() => pool.close());
  const { rows } = await sql<{ "QUERY PLAN": string }>`
    explain (costs off) select t.ctid from joblib.task as t
    where t.job_id = '00000000-0000-4000-8000-000000000000' and t.status = 'pending' and t.due order by ${order} limit 1`.execute(
    pool.sql,
  );
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
};

test("the queue is read from its index, and sorted place by place: never as a whole", async () => {
  const plan = await planOf(QUEUE_ORDER);

  expect(plan).toMatch(/Index Scan using task_due/);
  expect(plan).toMatch(/Incremental Sort/);
  expect(plan).toMatch(/Presorted Key: (t\.)?priority, \(+CASE WHEN (t\.)?in_turn/);
});

test("in the index's own order nothing is sorted", async () => {
  const plan = await planOf(INDEX_ORDER);

  expect(plan).toMatch(/Index Scan using task_due/);
  expect(plan).not.toMatch(/Sort/);
});
