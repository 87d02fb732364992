import * as fc from "fast-check";
import { expect } from "vitest";
import type { Storage } from "../../server/storage/storage.ts";
import type { ModelTask, TaskModel } from "./task-model.ts";

/** The storage under test, with what the commands need to speak to it. */
export interface RealTasks {
  readonly storage: Storage;
  readonly jobId: string;
  readonly schemaHash: string;
  readonly newId: () => string;
  readonly newWorker: () => Promise<string>;
}

type Command = fc.AsyncCommand<TaskModel, RealTasks>;

const pick = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % items.length];

/** One command: `act` does the same to the model and to the storage and compares what they answer. */
const command = (text: string, act: (model: TaskModel, real: RealTasks) => Promise<void>): Command => ({
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
    const seen = record && {
      status: record.task.status,
      attempt: record.task.attempt,
      runs: record.task.runs,
      worker_id: record.task.worker_id,
      failures: record.task.errors.length,
      over: record.task.completed_at !== null,
    };
    expect(seen).toEqual({
      status: task.status,
      attempt: task.attempt,
      runs: task.runs,
      worker_id: task.workerId,
      failures: task.failures,
      over: ["completed", "failed", "cancelled"].includes(task.status),
    });
  }
};

const submit = (priority: number, maxAttempts: number) =>
  command(`submit(${priority}, ${maxAttempts})`, async (model, real) => {
    const id = real.newId();
    const outcome = await real.storage.tasks.insert(
      [
        {
          id,
          jobId: real.jobId,
          schemaHash: real.schemaHash,
          roomId: "lab",
          createdById: "ann",
          payload: {},
          priority,
          maxAttempts,
          backoff: { kind: "fixed", seconds: 0, max_seconds: 0, jitter: 0 },
          timeoutSeconds: null,
          start: { inSeconds: 0 },
          idempotency: null,
        },
      ],
      { aliveWithinSeconds: 60 },
    );
    expect(outcome.kind).toBe("inserted");
    model.submit(id, priority, maxAttempts);
  });

const join = () =>
  command("join()", async (model, real) => {
    model.workers.add(await real.newWorker());
  });

const claim = (which: number, limit: number, start: boolean) =>
  command(`claim(${which}, ${limit}, ${start})`, async (model, real) => {
    const worker = pick([...model.workers], which);
    if (worker === undefined) return;
    const claimed = await real.storage.tasks.claim(worker, limit, start);
    expect(claimed?.map(({ task }) => task.id)).toEqual(
      model.claim(worker, limit, start).map(({ id }) => id),
    );
  });

type Fence = "right" | "stale" | "stranger" | "none";

const fenceOf = (task: ModelTask, fence: Fence) => {
  if (fence === "none") return {};
  const workerId = fence === "stranger" || task.workerId === null ? "nobody" : task.workerId;
  return { workerId, attempt: fence === "stale" ? task.attempt - 1 : task.attempt };
};

const move = (which: number, to: "running" | "completed" | "failed" | "cancelled", fence: Fence) =>
  command(`move(${which}, ${to}, ${fence})`, async (model, real) => {
    const task = pick(model.tasks, which);
    if (task === undefined) return;
    const step = { to, ...fenceOf(task, fence), ...(to === "failed" ? { error: "no" } : {}) };
    const moved = await real.storage.tasks.transition({ id: task.id, ...step });
    expect(moved !== undefined).toBe(model.move(task, step));
  });

const retry = (which: number) =>
  command(`retry(${which})`, async (model, real) => {
    const task = pick(model.tasks, which);
    if (task === undefined) return;
    const retried = await real.storage.tasks.retry(task.id);
    expect(retried !== undefined).toBe(model.retry(task));
  });

const release = (which: number) =>
  command(`release(${which})`, async (model, real) => {
    const worker = pick([...model.workers], which);
    if (worker === undefined) return;
    const released = await real.storage.workers.release(
      worker,
      model.tasks.map(({ id }) => id),
    );
    const expected = model.release(worker, model.tasks);
    expect(released.map(({ task }) => task.id).sort()).toEqual(expected.map(({ id }) => id).sort());
  });

const leave = (which: number) =>
  command(`leave(${which})`, async (model, real) => {
    // One worker stays: a job without workers and open tasks is removed, which is another story.
    if (model.workers.size < 2) return;
    const worker = pick([...model.workers], which);
    if (worker === undefined) return;
    expect(await real.storage.workers.remove(worker, "it left")).toBeDefined();
    model.removeWorker(worker);
  });

const which = fc.nat(30);
const fence = fc.constantFrom<Fence>("right", "right", "stale", "stranger", "none");
const to = fc.constantFrom("running" as const, "completed" as const, "failed" as const, "cancelled" as const);

/** Sequences of everything that can happen to tasks. */
export const taskCommands = fc.commands(
  [
    fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: 1, max: 3 })).map(([p, m]) => submit(p, m)),
    fc.constant(join()),
    fc.tuple(which, fc.integer({ min: 1, max: 4 }), fc.boolean()).map(([w, l, s]) => claim(w, l, s)),
    fc.tuple(which, to, fence).map(([w, status, f]) => move(w, status, f)),
    fc.tuple(which, to, fence).map(([w, status, f]) => move(w, status, f)),
    which.map(retry),
    which.map(release),
    which.map(leave),
  ],
  { maxCommands: 40 },
);
