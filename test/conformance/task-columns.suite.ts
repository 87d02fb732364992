import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { stringify } from "../../server/raw-json.ts";
import type { InsertOutcome, NewTask, TaskRecord } from "../../server/records.ts";
import { TASK_COLUMNS, type TaskColumn } from "../../server/storage/task-columns.ts";
import {
  ALIVE_WITHIN_SECONDS,
  buildTask,
  listInserted,
  newId,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
} from "./storage-fixture.ts";
import { createColumnValues, type JsonRow, SUBMITTED_COLUMNS } from "./task-column-values.ts";

const OPTIONS = { aliveWithinSeconds: ALIVE_WITHIN_SECONDS };

/**
 * For each task of a batch, which of two values it has. Neighboring tasks have equal values, or
 * change from the first value to the second value or back.
 */
const ORDER = [0, 0, 1, 1, 0] as const;

type Inserted = Extract<InsertOutcome, { kind: "inserted" }>;

const requireInserted = (outcome: InsertOutcome): Inserted => {
  if (outcome.kind !== "inserted") throw new Error(outcome.kind);
  return outcome;
};

const toComparable = ({ task: { id: _, payload: __, ...task }, ...record }: TaskRecord) => ({
  ...record,
  task,
});

/** The SQL name of each type that has another name in the column `udt_name`. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  int4: "integer",
  int8: "bigint",
  bool: "boolean",
};

/** Tests that a batch of tasks that differ in exactly one column keeps the value of each task. */
export const taskColumnsSuite = (getFixture: () => StorageFixture): void => {
  test("the list of task columns matches the table", async () => {
    const { rows } = await sql<{ name: string; type: string; is_nullable: string }>`
      select column_name as name, udt_name as type, is_nullable from information_schema.columns
      where table_schema = 'joblib' and table_name = 'task'`.execute(getFixture().orm.em.fork().getKysely());
    const inTable = rows.map(({ name, type, is_nullable }) => [
      name,
      { type: TYPE_NAMES[type] ?? type, isNullable: is_nullable === "YES" },
    ]);
    const inList = Object.entries<TaskColumn>(TASK_COLUMNS).map(([name, { type, isNullable = false }]) => [
      name,
      { type, isNullable },
    ]);

    expect(Object.fromEntries(inTable)).toEqual(Object.fromEntries(inList));
  });

  describe.each(SUBMITTED_COLUMNS)("tasks that differ only in %s", (column) => {
    const { sharing, replay }: TaskColumn = TASK_COLUMNS[column];
    // An insert sends the values that consecutive equal tasks share once per group. A task with an
    // idempotency key is a separate group.
    const groupCount = sharing === "each" ? 1 : column === "request_hash" ? 4 : 3;
    const grouping = {
      each: `groups tasks even if they differ in ${column}`,
      never: `does not group tasks that have a value of ${column}`,
      equal: `compares ${column} by value, not by object identity, when it groups tasks`,
    }[sharing ?? "equal"];
    // A key is valid for one user and one room, so a task with another user or room is a new
    // request.
    const isNewRequest = replay === "scope";

    const setUp = async () => {
      const { storage, orm } = getFixture();
      const jobs = [await registerJob(storage), await registerJob(storage)] as const;
      const values = createColumnValues({
        ids: [jobs[0].id, jobs[1].id],
        names: ["", ""],
      });
      const buildTasks = (sequence: readonly (0 | 1)[]) =>
        sequence.map((index) => buildTask(jobs[0].id, values[column].tasks()[index]));
      const readRow = async (id: string): Promise<JsonRow> => {
        const { rows } = await sql<{ row: string }>`
          select to_jsonb(t)::text as row from joblib.task as t where id = ${id}::uuid`.execute(
          orm.em.fork().getKysely(),
        );
        return JSON.parse(rows[0]?.row ?? "{}");
      };
      const expectStored = async (tasks: readonly NewTask[]) => {
        for (const task of tasks) {
          const row = await readRow(task.id);
          for (const name of SUBMITTED_COLUMNS) {
            expect({ [name]: row[name] }).toEqual({ [name]: values[name].getStored(task, row) });
          }
        }
      };
      return { storage, jobs, buildTasks, expectStored };
    };

    test(`tasks that differ only in ${column} are stored and returned with their own values by one request`, async () => {
      const { storage, buildTasks, expectStored } = await setUp();
      const tasks = buildTasks(ORDER);

      const inserted = requireInserted(await storage.queue.insert(tasks, OPTIONS));

      await expectStored(tasks);
      const stored = await Promise.all(tasks.map(({ id }) => readTask(storage, id)));
      expect(listInserted(inserted)).toEqual(stored);
      for (const { record, tasks } of inserted.groups) {
        for (const { id } of tasks) {
          expect(toComparable(await readTask(storage, id))).toEqual(toComparable(record));
        }
      }
    });

    test(`tasks that differ only in ${column} are stored and returned with their own values by concurrent requests`, async () => {
      const { storage, buildTasks, expectStored } = await setUp();
      const tasks = buildTasks(ORDER);

      const outcomes = await Promise.all(tasks.map((task) => storage.queue.insert([task], OPTIONS)));

      await expectStored(tasks);
      const stored = await Promise.all(tasks.map(({ id }) => readTask(storage, id)));
      expect(outcomes.flatMap((outcome) => listInserted(requireInserted(outcome)))).toEqual(stored);
    });

    test(`an insert divides four tasks that differ only in ${column} into ${groupCount === 1 ? "1 group" : `${groupCount} groups`}`, async () => {
      const { storage, buildTasks } = await setUp();

      const { groups } = requireInserted(await storage.queue.insert(buildTasks([0, 0, 1, 0]), OPTIONS));

      expect(groups).toHaveLength(groupCount);
    });

    test(`a claim returns each task with its own values if the tasks differ only in ${column}`, async () => {
      const { storage, jobs, buildTasks } = await setUp();
      const worker = await registerWorker(storage, jobs[0]);
      await registerJob(storage, { ...jobs[1].registration, id: newId(), worker: { id: worker } });
      requireInserted(await storage.queue.insert(buildTasks([0, 0, 1, 0]), OPTIONS));

      const claimed = (await storage.queue.claim(worker, 10, true)) ?? [];

      expect(claimed.length).toBeGreaterThan(0);
      for (const record of claimed) {
        const { task } = await readTask(storage, record.task.id);
        expect(record.task).toEqual(task);
        expect(JSON.parse(stringify(record.toTask("name")))).toEqual({
          ...task,
          job_name: "name",
          queue_position: null,
        });
        // The task must not stay open: other tests look for overdue tasks in the whole database.
        await storage.queue.transition({ id: task.id, to: "cancelled" });
      }
    });

    test(`an insert ${grouping}`, async () => {
      const { storage, buildTasks } = await setUp();
      const tasks = buildTasks([1, 1]).map((task): NewTask => structuredClone(task));

      const { groups } = requireInserted(await storage.queue.insert(tasks, OPTIONS));

      expect(groups).toHaveLength(sharing === "never" ? 2 : 1);
    });

    if (sharing === "never") return;
    const requests = isNewRequest
      ? "separate requests, even with"
      : "repetitions of one request if they have";
    test(`inserts that differ only in ${column} are ${requests} the same idempotency key and request hash`, async () => {
      const { storage, buildTasks } = await setUp();
      const idempotency = { key: newId(), requestHash: "hash" };
      const [a, b] = buildTasks([0, 1]).map((task) => ({ ...task, idempotency }));
      if (a === undefined || b === undefined) throw new Error("expected two tasks");
      const first = requireInserted(await storage.queue.insert([a], OPTIONS));

      const second = await storage.queue.insert([b], OPTIONS);
      const other = await storage.queue.insert(
        [{ ...a, id: newId(), idempotency: { ...idempotency, requestHash: "another" } }],
        OPTIONS,
      );

      expect(second.kind).toBe(isNewRequest ? "inserted" : "replayed");
      if (second.kind === "replayed") {
        expect([second.record, second.isSameRequest]).toEqual([listInserted(first)[0], true]);
      }
      expect(other).toMatchObject({ kind: "replayed", isSameRequest: false });
    });
  });
};
