import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operations, type SubmitBatch } from "../../../protocol/index.ts";
import { TASK_COLUMNS, type TaskColumn } from "../../../server/storage/task-columns.ts";
import { createColumnValues, SUBMITTED_COLUMNS } from "../../conformance/task-column-values.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const MINIMAL = { prefer: "return=minimal" };
/**
 * For each submission of a batch, which of two values it has. Neighboring submissions have equal
 * values, or change from the first value to the second value or back.
 */
const ORDER = [0, 0, 1, 1, 0] as const;

type Submits = SubmitBatch["submissions"];
type Fields = Readonly<Record<string, unknown>>;

const NO_JOBS = { ids: ["", ""], names: ["", ""] } as const;

/** The columns whose values can differ between the submissions that one user sends to one room. */
const IN_BODY = SUBMITTED_COLUMNS.filter(
  (column) => createColumnValues(NO_JOBS)[column].submits !== undefined,
);

const omit = (task: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(task).filter(([name]) => !names.includes(name)));

describe.each(IN_BODY)("submissions that differ only in %s", (column) => {
  const { sharing, replay }: TaskColumn = TASK_COLUMNS[column];

  const setUp = async () => {
    const room = newRoomId();
    const jobs = [await api.registerJob(room), await api.registerJob(room)];
    const names = [jobs[0]?.full_name ?? "", jobs[1]?.full_name ?? ""] as const;
    const values = createColumnValues({ ...NO_JOBS, names })[column];
    const build = (order: readonly (0 | 1)[]): Submits =>
      order.map((index) => ({ job_name: names[0], ...values.submits?.[index] }));
    const post = async (
      path: "tasks" | "submissions",
      items: Submits,
      headers: Record<string, string> = {},
    ) => {
      const body = path === "tasks" ? { tasks: items } : { submissions: items };
      return ok(
        await api.as("ann").post(`/rooms/${room}/${path}`, { body, headers }),
        path === "tasks" ? 202 : 200,
      );
    };
    /**
     * Checks that each returned task equals the stored task and has the payload of its submission.
     */
    const expectStored = async (items: Submits, tasks: readonly Fields[]) => {
      expect(tasks).toHaveLength(items.length);
      for (const [index, task] of tasks.entries()) {
        const stored = omit(await api.readTask(String(task["id"])), "queue_position");
        expect(omit(task, "queue_position", "workers_online")).toEqual(stored);
        const { job_name, payload = {}, run_at, delay_seconds, ...others } = items[index] ?? { job_name: "" };
        expect(stored).toMatchObject({ job_name, payload, ...others });
        if (run_at !== undefined) expect(stored["run_at"]).toBe(run_at);
        if (delay_seconds !== undefined) {
          const delay = Date.parse(String(stored["run_at"])) - Date.parse(String(stored["created_at"]));
          expect(delay).toBe(delay_seconds * 1000);
        }
      }
    };
    return { room, isBatchOnly: values.isBatchOnly === true, build, post, expectStored };
  };

  test(`submissions that differ only in ${column} keep their own values in an atomic submit, with a full and with a minimal response`, async () => {
    const { isBatchOnly, build, post, expectStored } = await setUp();
    const items = isBatchOnly ? (build(ORDER).map((item) => omit(item, column)) as Submits) : build(ORDER);

    const whole = operations.submitTasks.responses[202].parse(await post("tasks", items));
    await expectStored(items, whole.tasks);
    const answer = await post("tasks", items, MINIMAL);
    if ("tasks" in answer) {
      await expectStored(items, operations.submitTasks.responses[202].parse(answer).tasks);
      return;
    }
    const { common, ids } = operations.submitTasks.minimal[202].parse(answer);
    const tasks = ids.map((id, index) => ({ ...common, id, payload: items[index]?.payload ?? {} }));
    await expectStored(items, tasks);
  });

  test(`submissions that differ only in ${column} keep their own values in a batch, with a full and with a minimal response`, async () => {
    const { build, post, expectStored } = await setUp();
    const items = build(ORDER);

    const whole = operations.submitBatch.responses[200].parse(await post("submissions", items));
    await expectStored(
      items,
      whole.results.map((one) => ("task" in one ? one.task : {})),
    );
    const { common, results } = operations.submitBatch.minimal[200].parse(
      await post("submissions", items, MINIMAL),
    );
    const tasks = results.map((one, index) =>
      "id" in one
        ? { ...common, id: one.id, payload: items[index]?.payload ?? {} }
        : "task" in one
          ? one.task
          : {},
    );
    await expectStored(items, tasks);
    // The response contains only an id for the first task and for each task with the same values.
    // It contains every other task in full.
    const isEqual = ORDER.map((index) => sharing === "each" || index === ORDER[0]);
    // The delay of each insert starts at a different microsecond, so `run_at` may differ between
    // tasks with the same delay.
    if (column !== "run_at") expect(results.map((one) => "id" in one)).toEqual(isEqual);
  });

  const outcome = replay === "ignored" ? "return the same task" : "conflict";
  test(`submissions that differ only in ${column} ${outcome} if they have the same idempotency key`, async () => {
    const { room, build, post } = await setUp();
    const [a, b] = build([0, 1]).map((item) => ({ ...item, idempotency_key: `${room}-${column}` }));
    if (a === undefined || b === undefined) throw new Error("expected two submits");

    const { results } = operations.submitBatch.responses[200].parse(await post("submissions", [a]));
    const again = operations.submitBatch.responses[200].parse(await post("submissions", [a, b])).results;

    const [first] = results;
    expect(again[0]).toEqual(first);
    if (replay === "ignored") expect(again[1]).toEqual(first);
    else expect(again[1]).toMatchObject({ problem: { type: "/v1/problems/idempotency-conflict" } });
  });
});
