import * as fc from "fast-check";
import { expect } from "vitest";
import type { Storage } from "../../server/storage/ports/storage.ts";
import { resolveTaskOptions } from "../../server/use-cases/tasks/prepare-tasks.ts";
import type { ModelTask, TaskModel } from "./task-model.ts";

/** The storage under test, and the data that the commands need to call it. */
export interface RealTasks {
  readonly storage: Storage;
  readonly jobId: string;
  readonly schemaHash: string;
  readonly newId: () => string;
  readonly createWorker: () => Promise<string>;
}

type Command = fc.AsyncCommand<TaskModel, RealTasks>;

const pick = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % items.length];

/**
 * Creates a command whose `act` runs the same operation on the model and on the storage, and
 * compares the results.
 */
const createCommand = (text: string, act: (model: TaskModel, real: RealTasks) => Promise<void>): Command => ({
  check: () => true,
  run: async (model, real) => {
    await act(model, real);
    await compare(model, real);
  },
  toString: () => text,
});

const compare = async (model: TaskModel, { storage }: RealTasks) => {
  for (const task of model.tasks) {
    const record = await storage.tasks.find(task.id);
    const actual = record && {
      status: record.task.status,
      attempt: record.task.attempt,
      runs: record.task.runs,
      worker_id: record.task.worker_id,
      failures: record.task.errors.length,
      isFinished: record.task.completed_at !== null,
    };
    expect(actual).toEqual({
      status: task.status,
      attempt: task.attempt,
      runs: task.runs,
      worker_id: task.workerId,
      failures: task.failures,
      isFinished: ["completed", "failed", "cancelled"].includes(task.status),
    });
  }
};

const NO_BACKOFF = { kind: "fixed", seconds: 0, max_seconds: 0, jitter: 0 } as const;

const submit = (priority: number, maxAttempts: number) =>
  createCommand(`submit(${priority}, ${maxAttempts})`, async (model, real) => {
    const id = real.newId();
    const outcome = await real.storage.queue.insert(
      [
        {
          id,
          jobId: real.jobId,
          schemaHash: real.schemaHash,
          roomId: "lab",
          createdById: "ann",
          payload: {},
          ...resolveTaskOptions({ priority, max_attempts: maxAttempts, backoff: NO_BACKOFF }, {}),
          idempotency: null,
        },
      ],
      { aliveWithinSeconds: 60 },
    );
    expect(outcome.kind).toBe("inserted");
    model.submit(id, priority, maxAttempts);
  });

const addWorker = () =>
  createCommand("addWorker()", async (model, real) => {
    model.workers.add(await real.createWorker());
  });

const claim = (which: number, limit: number, start: boolean) =>
  createCommand(`claim(${which}, ${limit}, ${start})`, async (model, real) => {
    const worker = pick([...model.workers], which);
    if (worker === undefined) return;
    const claimed = await real.storage.queue.claim(worker, limit, start);
    expect(claimed?.map(({ task }) => task.id)).toEqual(
      model.claim(worker, limit, start).map(({ id }) => id),
    );
  });

type Fence = "current" | "stale" | "foreign" | "none";

const buildFence = (task: ModelTask, fence: Fence) => {
  if (fence === "none") return {};
  const workerId = fence === "foreign" || task.workerId === null ? "another-worker" : task.workerId;
  return { workerId, attempt: fence === "stale" ? task.attempt - 1 : task.attempt };
};

const move = (which: number, to: "running" | "completed" | "failed" | "cancelled", fence: Fence) =>
  createCommand(`move(${which}, ${to}, ${fence})`, async (model, real) => {
    const task = pick(model.tasks, which);
    if (task === undefined) return;
    const step = { to, ...buildFence(task, fence), ...(to === "failed" ? { error: "no" } : {}) };
    const moved = await real.storage.queue.transition({ id: task.id, ...step });
    expect(moved !== undefined).toBe(model.move(task, step));
  });

const retry = (which: number) =>
  createCommand(`retry(${which})`, async (model, real) => {
    const task = pick(model.tasks, which);
    if (task === undefined) return;
    const [retried] = await real.storage.tasks.retry([task.id]);
    expect(retried !== undefined).toBe(model.retry(task));
  });

const release = (which: number) =>
  createCommand(`release(${which})`, async (model, real) => {
    const worker = pick([...model.workers], which);
    if (worker === undefined) return;
    const released = await real.storage.queue.release(
      worker,
      model.tasks.map(({ id }) => id),
    );
    const expected = model.release(worker, model.tasks);
    expect(released.map(({ task }) => task.id).sort()).toEqual(expected.map(({ id }) => id).sort());
  });

const removeWorker = (which: number) =>
  createCommand(`removeWorker(${which})`, async (model, real) => {
    // At least one worker must remain: joblib removes a job that has neither workers nor open
    // tasks, and the model does not cover this removal.
    if (model.workers.size < 2) return;
    const worker = pick([...model.workers], which);
    if (worker === undefined) return;
    expect(await real.storage.workers.remove(worker, "it deregistered")).toBeDefined();
    model.removeWorker(worker);
  });

const which = fc.nat(30);
const fence = fc.constantFrom<Fence>("current", "current", "stale", "foreign", "none");
const to = fc.constantFrom("running" as const, "completed" as const, "failed" as const, "cancelled" as const);

/** Generates sequences of commands. Together, the commands cover all operations on tasks. */
export const taskCommands = fc.commands(
  [
    fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: 1, max: 3 })).map(([p, m]) => submit(p, m)),
    fc.constant(addWorker()),
    fc.tuple(which, fc.integer({ min: 1, max: 4 }), fc.boolean()).map(([w, l, s]) => claim(w, l, s)),
    fc.tuple(which, to, fence).map(([w, status, f]) => move(w, status, f)),
    fc.tuple(which, to, fence).map(([w, status, f]) => move(w, status, f)),
    which.map(retry),
    which.map(release),
    which.map(removeWorker),
  ],
  { maxCommands: 40 },
);
