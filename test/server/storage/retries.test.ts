import { sql } from "kysely";
import { expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { openSessionPool } from "../../../server/storage/sessions/orm-connection.ts";
import { createSessions, withRetries } from "../../../server/storage/sessions/sessions.ts";
import { StorageUnavailable } from "../../../server/storage/sessions/storage-errors.ts";
import { createDatabase } from "../../support/postgres.ts";

const recovery = { replaceSessions: () => {}, shareSessions: () => {}, waitsForConnection: true };
const failWith = (code: string) => Object.assign(new Error("from the database"), { code });

const createTestSessions = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")) });
  onTestFinished(() => orm.close());
  await migrate(orm);
  const pool = openSessionPool(orm);
  if (pool === undefined) throw new Error("the ORM has no session pool");
  onTestFinished(() => pool.end());
  return createSessions(orm, pool);
};

test.each(["40001", "40P01"])("the storage retries work that the database rolled back (%s)", async (code) => {
  let attempts = 0;

  const result = await withRetries(async () => {
    attempts += 1;
    if (attempts < 8) throw failWith(code);
    return "done";
  }, recovery);

  expect([result, attempts]).toEqual(["done", 8]);
});

test.each([
  ["40001", /serialization failure.*40001/],
  ["40P01", /deadlock.*40P01/],
])("the storage rejects with the reason if the database rolls back every attempt (%s)", async (code, reason) => {
  const work = withRetries(() => Promise.reject(failWith(code)), recovery);

  await expect(work).rejects.toBeInstanceOf(StorageUnavailable);
  await expect(work).rejects.toThrow(reason);
});

test("the storage resolves deadlocks of several transactions without an error", async () => {
  const sessions = await createTestSessions();
  await sessions.run((db) => sql`create table public.pair (id integer primary key, n integer)`.execute(db));
  await sessions.run((db) => sql`insert into public.pair values (1, 0), (2, 0)`.execute(db));
  const add = (first: number) =>
    sessions.transaction(async (db) => {
      await sql`set local deadlock_timeout = '10ms'`.execute(db);
      for (const id of [first, 3 - first]) {
        await sql`update public.pair set n = n + 1 where id = ${id}`.execute(db);
        await sql`select pg_sleep(0.05)`.execute(db);
      }
    });

  await Promise.all([add(1), add(2), add(1), add(2)]);

  const { rows } = await sessions.run((db) => sql`select n from public.pair order by id`.execute(db));
  expect(rows).toEqual([{ n: 4 }, { n: 4 }]);
});

test("the storage does not retry a statement whose error would occur again", async () => {
  let attempts = 0;

  const work = withRetries(async () => {
    attempts += 1;
    throw failWith("23505");
  }, recovery);

  await expect(work).rejects.toMatchObject({ code: "23505" });
  expect(attempts).toBe(1);
});
