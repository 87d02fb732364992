import { describe, expect, test } from "vitest";
import type { JobOptions } from "../../server/storage/job-options.ts";
import {
  ALIVE_WITHIN_SECONDS,
  ageHeartbeat,
  buildRegistration,
  insertPendingTask,
  newId,
  readTask,
  registerJob,
  registerWorker,
  type StorageFixture,
} from "./storage-fixture.ts";

/** Two values of every option of a job. */
const OPTIONS: { readonly [Name in keyof JobOptions]: readonly [JobOptions[Name], JobOptions[Name]] } = {
  description: ["old", null],
  defaults: [{ priority: 3 }, { max_attempts: 2 }],
  fairness: ["room", "fifo"],
};

/** Tests of the registration and the queries of jobs. */
export const jobStorageSuite = (getFixture: () => StorageFixture): void => {
  describe("job registration", () => {
    test("a registration creates the job and its worker", async () => {
      const { storage } = getFixture();
      const registration = buildRegistration({ description: "turns", defaults: { priority: 3 } });

      const outcome = await storage.jobs.register(registration, ALIVE_WITHIN_SECONDS);

      if (outcome.kind !== "created") throw new Error(outcome.kind);
      expect(outcome.job).toMatchObject({
        id: registration.id,
        roomId: "lab",
        schema: { type: "object" },
        resultSchema: null,
        description: "turns",
        defaults: { priority: 3 },
        workers: [outcome.workerId],
        pending: 0,
      });
      expect(outcome.job.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(await storage.workers.find(outcome.workerId)).toMatchObject({ userId: "worker-user" });
    });

    test("a registration matches the existing job if the schema is the same, and replaces its description and defaults", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const again = {
        ...job.registration,
        id: newId(),
        description: "new description",
        defaults: { priority: 1 },
      };
      const worker = { create: { id: newId(), name: null, userId: "other" } };

      const outcome = await storage.jobs.register({ ...again, worker }, ALIVE_WITHIN_SECONDS);

      expect(outcome).toMatchObject({
        kind: "matched",
        job: { id: job.id, description: "new description", defaults: { priority: 1 } },
      });
      if (outcome.kind === "matched") expect(outcome.job.workers).toHaveLength(2);
    });

    test.each(
      Object.entries(OPTIONS),
    )("a registration stores the option %s, and replaces the option in a repeated registration", async (name, [
      one,
      other,
    ]) => {
      const { storage } = getFixture();
      const job = await registerJob(storage, { [name]: one });
      expect(await storage.jobs.findWithoutCounts(job.registration)).toMatchObject({ [name]: one });

      const worker = { id: job.workerId };
      const again = { ...job.registration, id: newId(), worker, [name]: other };
      const outcome = await storage.jobs.register(again, ALIVE_WITHIN_SECONDS);

      expect(outcome).toMatchObject({ kind: "matched", job: { [name]: other } });
    });

    test("a registration changes nothing and creates no worker if the schema differs", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const workerId = newId();
      const worker = { create: { id: workerId, name: null, userId: "other" } };
      const other = { ...job.registration, id: newId(), schemaHash: "other", description: "other", worker };

      const outcome = await storage.jobs.register(other, ALIVE_WITHIN_SECONDS);

      expect(outcome).toMatchObject({ kind: "conflict", registered: { id: job.id, description: null } });
      expect(await storage.workers.find(workerId)).toBeUndefined();
    });

    test.each([newId(), "no-uuid"])("a registration fails if the worker does not exist (%s)", async (id) => {
      const { storage } = getFixture();
      const registration = buildRegistration({ worker: { id } });

      const outcome = await storage.jobs.register(registration, ALIVE_WITHIN_SECONDS);

      expect(outcome).toEqual({ kind: "worker-not-found" });
      expect(await storage.jobs.findWithoutCounts(registration)).toBeUndefined();
    });

    test("a registration keeps the order of the schema's members from the last registration", async () => {
      const { storage } = getFixture();
      const buildSchema = (...names: string[]) => ({
        type: "object",
        properties: Object.fromEntries(names.map((name) => [name, { type: "number" }])),
      });
      const job = await registerJob(storage, { schema: buildSchema("from", "to", "a") });
      const worker = { create: { id: newId(), name: null, userId: "other" } };

      const before = await storage.jobs.findById(job.id, ALIVE_WITHIN_SECONDS);
      const again = { ...job.registration, id: newId(), schema: buildSchema("to", "a", "from"), worker };
      const outcome = await storage.jobs.register(again, ALIVE_WITHIN_SECONDS);

      expect(JSON.stringify(before?.schema)).toBe(JSON.stringify(buildSchema("from", "to", "a")));
      if (outcome.kind !== "matched") throw new Error(outcome.kind);
      expect(JSON.stringify(outcome.job.schema)).toBe(JSON.stringify(buildSchema("to", "a", "from")));
    });

    test("a worker that registers a job twice is linked to the job only once", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);

      await registerJob(storage, { ...job.registration, id: newId(), worker: { id: job.workerId } });

      expect(await storage.workers.findJobIds(job.workerId)).toEqual([job.id]);
    });

    test("registrations of one job by thirty concurrent workers create one job and never fail", async () => {
      const { storage } = getFixture();
      const { name } = buildRegistration();

      const outcomes = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          storage.jobs.register(
            buildRegistration({ name, schemaHash: index % 3 === 0 ? "a" : "b" }),
            ALIVE_WITHIN_SECONDS,
          ),
        ),
      );

      const kinds = outcomes.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "created")).toHaveLength(1);
      expect(kinds.filter((kind) => kind === "matched" || kind === "conflict")).toHaveLength(29);
    });

    test("a registration creates a new job if the old one was removed, and keeps the tasks of the old job readable", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const { task } = await insertPendingTask(storage, job);
      await storage.queue.transition({ id: task.id, to: "cancelled" });
      await storage.workers.remove(job.workerId, "left");

      const again = await registerJob(storage, { ...job.registration, id: newId(), schemaHash: "another" });

      expect(again.id).not.toBe(job.id);
      expect((await readTask(storage, task.id)).job.name).toBe(job.registration.name);
      expect(await storage.jobs.findById(job.id, ALIVE_WITHIN_SECONDS)).toMatchObject({
        id: job.id,
        workers: [],
      });
    });

    test("a registration succeeds while idle jobs are removed concurrently", async () => {
      const { storage } = getFixture();
      for (let turn = 0; turn < 20; turn += 1) {
        const job = await registerJob(storage);
        await storage.workers.remove(job.workerId, "left");

        const [registered] = await Promise.all([
          registerJob(storage, { ...job.registration, id: newId() }),
          storage.sweep.removeIdleJobs(100),
          storage.sweep.removeIdleJobs(100),
        ]);

        expect(await storage.jobs.findWithoutCounts(job.registration)).toMatchObject({ id: registered.id });
      }
    });
  });

  describe("job queries", () => {
    test("job queries return the number of pending tasks, both due and delayed, and list only live workers", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage);
      const second = await registerWorker(storage, job);
      await insertPendingTask(storage, job);
      await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      await ageHeartbeat(getFixture(), job.workerId, 61);

      const found = await storage.jobs.find(job.registration, ALIVE_WITHIN_SECONDS);

      expect(found).toMatchObject({ id: job.id, pending: 2, workers: [second] });
    });

    test("job queries return the jobs of several rooms page by page, newest first", async () => {
      const { storage } = getFixture();
      const roomId = `room-${newId()}`;
      const first = await registerJob(storage, { roomId });
      const second = await registerJob(storage, { roomId });
      const third = await registerJob(storage, { roomId: `${roomId}-b` });
      await registerJob(storage, { roomId: `${roomId}-c` });
      const rooms = [roomId, `${roomId}-b`];

      const all = await storage.jobs.list(rooms, { limit: 2, offset: 0 }, ALIVE_WITHIN_SECONDS);
      const rest = await storage.jobs.list(rooms, { limit: 2, offset: 2 }, ALIVE_WITHIN_SECONDS);
      const beyond = await storage.jobs.list(rooms, { limit: 0, offset: 9 }, ALIVE_WITHIN_SECONDS);

      expect(all.items.map(({ id }) => id)).toEqual([third.id, second.id]);
      expect(rest.items.map(({ id }) => id)).toEqual([first.id]);
      expect([all.total, rest.total, beyond.total]).toEqual([3, 3, 3]);
    });

    test("job queries return nothing for an id that is not a UUID", async () => {
      const { storage } = getFixture();

      expect(await storage.jobs.findById("' or 1=1", ALIVE_WITHIN_SECONDS)).toBeUndefined();
    });
  });
};
