import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { expect } from "vitest";
import { InProcessEventBus } from "../../../server/events/in-process-event-bus.ts";
import { type Orm, parseSettings, type SettingsInput } from "../../../server/index.ts";
import { NO_METER } from "../../../server/prometheus/no-meter.ts";
import { ProviderReads } from "../../../server/state/reads/provider-reads.ts";
import { WaitingClaims } from "../../../server/state/waiting-claims.ts";
import { WorkerOwners } from "../../../server/state/worker-owners.ts";
import { FileDirectory } from "../../../server/storage/files/file-directory.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { sweep } from "../../../server/use-cases/workers/sweep.ts";
import { type ApiResponse, ok } from "./responses.ts";

let count = 0;
/** Returns a room id that no other test uses. */
export const newRoomId = (): string => `room-${++count}`;
/** Returns a job name that no other test uses. */
export const newJobName = (): string => `Job-${++count}`;

type Send = (
  path: string,
  options?: { body?: unknown; headers?: Record<string, string> },
) => Promise<ApiResponse>;

/** The API and the database that create the fixtures. */
export interface FixtureContext {
  readonly as: (user: string | undefined) => { readonly [Verb in "get" | "put" | "post" | "patch"]: Send };
  readonly orm: Orm;
  readonly settings: SettingsInput;
}

const log = { info() {}, warn() {}, error() {} };

/**
 * Creates jobs, workers and tasks over HTTP. SQL statements make changes that would otherwise take
 * time, such as an old heartbeat.
 */
export const createFixtures = ({ as, orm, settings }: FixtureContext) => {
  /** Registers a job in a room. By default, the user `wes` registers it with a new worker. */
  const registerJob = async (room: string, job: Record<string, unknown> = {}, user = "wes") => {
    const body = { category: "modifiers", name: newJobName(), schema: { type: "object" }, ...job };
    const response = await as(user).put(`/rooms/${room}/jobs`, { body });
    expect({ status: response.status, body: response.body }).toMatchObject({
      status: expect.toBeOneOf([200, 201]),
    });
    return response.body;
  };

  const submit = async (room: string, jobName: string, body: unknown = {}, user = "ann") =>
    ok(await as(user).post(`/rooms/${room}/tasks/${jobName}`, { body }), 202);

  /** Claims the worker's next task. Throws if the worker has no due task. */
  const claim = async (worker_id: string, { start = false, user = "wes" } = {}) => {
    const { task } = ok(await as(user).post("/tasks/claim", { body: { worker_id, start } }));
    expect(task).not.toBeNull();
    return task;
  };

  const createWorker = async (user = "wes") => ok(await as(user).post("/workers"), 201);

  const readTask = async (id: string, user = "root") => ok(await as(user).get(`/tasks/${id}`));

  /** Updates a task. The default user is `wes`. */
  const update = (id: string, body: object, user = "wes") => as(user).patch(`/tasks/${id}`, { body });

  const query = (text: ReturnType<typeof sql>) => text.execute(orm.em.fork().getKysely());

  /** Sets the last heartbeat of a worker to `seconds` ago. */
  const ageWorker = (id: string, seconds = 3600) =>
    query(sql`update joblib.worker set last_heartbeat = now() - make_interval(secs => ${seconds}::float8)
      where id = ${id}::uuid`);

  /** Moves all times of a task back by `seconds`. */
  const ageTask = (id: string, seconds = 3600) =>
    query(sql`update joblib.task set
      run_at = run_at - make_interval(secs => ${seconds}::float8),
      claimed_at = claimed_at - make_interval(secs => ${seconds}::float8),
      started_at = started_at - make_interval(secs => ${seconds}::float8),
      completed_at = completed_at - make_interval(secs => ${seconds}::float8)
      where id = ${id}::uuid`);

  /**
   * Runs a sweep with its own caches and its own event bus, as another server on the same database
   * would.
   */
  const sweepNow = () => {
    const storage = createStorage(orm);
    const bus = new InProcessEventBus();
    const waitingClaims = new WaitingClaims({ bus, storage, log });
    const parsed = parseSettings({}, settings);
    const reads = new ProviderReads({ bus, settings: parsed, log, newId: randomUUID });
    const owners = new WorkerOwners(storage);
    const { files_dir: directory } = parsed;
    const fileContents = directory === undefined ? undefined : new FileDirectory(directory);
    const ports = { storage, bus, waitingClaims, reads, log, owners, fileContents, meter: NO_METER };
    return sweep({ ...ports, settings: parsed }, { canRemoveWorkers: () => true });
  };

  /** Creates a job in a new room, a worker of this job, and a task with the given status. */
  const createTask = async (
    status: "pending" | "claimed" | "running" | "completed" | "failed" | "cancelled" = "pending",
    { job: jobOptions = {}, task: taskOptions = {} }: { job?: object; task?: object } = {},
  ) => {
    const room = newRoomId();
    const job = await registerJob(room, { ...jobOptions });
    const submitted = await submit(room, job.full_name, taskOptions);
    const fixture = { room, job, worker: job.worker_id, id: submitted.id };
    if (status === "pending") return { ...fixture, task: submitted };
    if (status === "cancelled") {
      return { ...fixture, task: ok(await update(fixture.id, { status }, "ann")) };
    }
    const claimed = await claim(fixture.worker, { start: status !== "claimed" });
    if (status === "claimed" || status === "running") return { ...fixture, task: claimed };
    const last = status === "failed" ? { error: "broken" } : { result: 1 };
    const body = { status, worker_id: fixture.worker, attempt: claimed.attempt, ...last };
    return { ...fixture, task: ok(await update(fixture.id, body)) };
  };

  return {
    ...{ registerJob, submit, claim, createWorker, readTask, update, createTask },
    ...{ query, ageWorker, ageTask, sweep: sweepNow },
  };
};
