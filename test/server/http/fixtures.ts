import { sql } from "kysely";
import { expect } from "vitest";
import { InProcessEventBus } from "../../../server/events/in-process-event-bus.ts";
import { type Orm, parseSettings, type SettingsInput } from "../../../server/index.ts";
import { NO_METER } from "../../../server/meter.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { sweep } from "../../../server/use-cases/sweep.ts";
import { WaitingClaims } from "../../../server/use-cases/waiting-claims.ts";
import { WorkerOwners } from "../../../server/use-cases/worker-owners.ts";
import { type ApiResponse, ok } from "./responses.ts";

let count = 0;
/** A room that no other test uses. */
export const newRoomId = (): string => `room-${++count}`;
/** A job's name that no other test uses. */
export const newJobName = (): string => `Job-${++count}`;

type Send = (
  path: string,
  sent?: { body?: unknown; headers?: Record<string, string> },
) => Promise<ApiResponse>;

/** What scenes are made with. */
export interface FixtureContext {
  readonly as: (user: string | undefined) => { readonly [Verb in "get" | "put" | "post" | "patch"]: Send };
  readonly orm: Orm;
  readonly settings: SettingsInput;
}

const log = { info() {}, warn() {}, error() {} };

/** Jobs, workers and tasks, brought over HTTP to where a test wants them; what only time brings comes by SQL. */
export const createFixtures = ({ as, orm, settings }: FixtureContext) => {
  /** Registers a job in a room, by `wes` with a worker that is made for him, unless told otherwise. */
  const registerJob = async (room: string, job: Record<string, unknown> = {}, user = "wes") => {
    const body = { category: "modifiers", name: newJobName(), schema: { type: "object" }, ...job };
    const answer = await as(user).put(`/rooms/${room}/jobs`, { body });
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: expect.toBeOneOf([200, 201]),
    });
    return answer.body;
  };

  const submit = async (room: string, jobName: string, body: unknown = {}, user = "ann") =>
    ok(await as(user).post(`/rooms/${room}/tasks/${jobName}`, { body }), 202);

  /** The worker's next task, which must be there. */
  const claim = async (worker_id: string, { start = false, user = "wes" } = {}) => {
    const { task } = ok(await as(user).post("/tasks/claim", { body: { worker_id, start } }));
    expect(task).not.toBeNull();
    return task;
  };

  const newWorker = async (user = "wes") => ok(await as(user).post("/workers"), 201);

  const readTask = async (id: string, user = "root") => ok(await as(user).get(`/tasks/${id}`));

  /** A step of a task, sent by `wes` unless told otherwise. */
  const update = (id: string, body: object, user = "wes") => as(user).patch(`/tasks/${id}`, { body });

  const query = (text: ReturnType<typeof sql>) => text.execute(orm.em.fork().getKysely());

  /** Lets a worker's last sign of life lie in the past. */
  const ageWorker = (id: string, seconds = 3600) =>
    query(sql`update joblib.worker set last_heartbeat = now() - make_interval(secs => ${seconds}::float8)
      where id = ${id}::uuid`);

  /** Lets a task's times lie further back. */
  const ageTask = (id: string, seconds = 3600) =>
    query(sql`update joblib.task set
      run_at = run_at - make_interval(secs => ${seconds}::float8),
      claimed_at = claimed_at - make_interval(secs => ${seconds}::float8),
      started_at = started_at - make_interval(secs => ${seconds}::float8),
      completed_at = completed_at - make_interval(secs => ${seconds}::float8)
      where id = ${id}::uuid`);

  /** One sweep, as another server on the same database would do it, which has been up for long. */
  const sweepNow = () => {
    const storage = createStorage(orm);
    const bus = new InProcessEventBus();
    const waitingClaims = new WaitingClaims({ bus, storage, log });
    const ports = { storage, bus, waitingClaims, log, owners: new WorkerOwners(storage), meter: NO_METER };
    return sweep({ ...ports, settings: parseSettings({}, settings) }, { canEndWorkers: () => true });
  };

  /** A job in a room of its own, with its worker, and one task of it, brought as far as `status`. */
  const aTask = async (
    status: "pending" | "claimed" | "running" | "completed" | "failed" | "cancelled" = "pending",
    { job: jobGiven = {}, task: taskGiven = {} }: { job?: object; task?: object } = {},
  ) => {
    const room = newRoomId();
    const job = await registerJob(room, { ...jobGiven });
    const submitted = await submit(room, job.full_name, taskGiven);
    const scene = { room, job, worker: job.worker_id, id: submitted.id };
    if (status === "pending") return { ...scene, task: submitted };
    if (status === "cancelled") {
      return { ...scene, task: ok(await update(scene.id, { status }, "ann")) };
    }
    const claimed = await claim(scene.worker, { start: status !== "claimed" });
    if (status === "claimed" || status === "running") return { ...scene, task: claimed };
    const last = status === "failed" ? { error: "broken" } : { result: 1 };
    const body = { status, worker_id: scene.worker, attempt: claimed.attempt, ...last };
    return { ...scene, task: ok(await update(scene.id, body)) };
  };

  return {
    ...{ registerJob, submit, claim, createWorker: newWorker, readTask, update, createTask: aTask },
    ...{ query, ageWorker, ageTask, sweep: sweepNow },
  };
};
