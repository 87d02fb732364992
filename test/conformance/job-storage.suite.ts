import { describe, expect, test } from "vitest";
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

/** Registering and reading jobs. */
export const jobStorageSuite = (given: () => StorageFixture): void => {
  describe("registering a job", () => {
    test("makes the job and its worker at once", async () => {
      const { storage } = given();
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

    test("meets the one that is there where the schema is the same, and its last words win", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const again = { ...job.registration, id: newId(), description: "new words", defaults: { priority: 1 } };
      const worker = { create: { id: newId(), name: null, userId: "other" } };

      const outcome = await storage.jobs.register({ ...again, worker }, ALIVE_WITHIN_SECONDS);

      expect(outcome).toMatchObject({
        kind: "matched",
        job: { id: job.id, description: "new words", defaults: { priority: 1 } },
      });
      if (outcome.kind === "matched") expect(outcome.job.workers).toHaveLength(2);
    });

    test("changes nothing and makes no worker where the schema is another", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const workerId = newId();
      const worker = { create: { id: workerId, name: null, userId: "other" } };
      const other = { ...job.registration, id: newId(), schemaHash: "other", description: "other", worker };

      const outcome = await storage.jobs.register(other, ALIVE_WITHIN_SECONDS);

      expect(outcome).toMatchObject({ kind: "conflict", registered: { id: job.id, description: null } });
      expect(await storage.workers.find(workerId)).toBeUndefined();
    });

    test.each([newId(), "no-uuid"])("is refused to a worker that is not there (%s)", async (id) => {
      const { storage } = given();
      const registration = buildRegistration({ worker: { id } });

      const outcome = await storage.jobs.register(registration, ALIVE_WITHIN_SECONDS);

      expect(outcome).toEqual({ kind: "worker-not-found" });
      expect(await storage.jobs.findWithoutCounts(registration)).toBeUndefined();
    });

    test("keeps the members of its schema in the order in which the last registration wrote them", async () => {
      const { storage } = given();
      const inOrder = (...names: string[]) => ({
        type: "object",
        properties: Object.fromEntries(names.map((name) => [name, { type: "number" }])),
      });
      const job = await registerJob(storage, { schema: inOrder("from", "to", "a") });
      const worker = { create: { id: newId(), name: null, userId: "other" } };

      const before = await storage.jobs.findById(job.id, ALIVE_WITHIN_SECONDS);
      const again = { ...job.registration, id: newId(), schema: inOrder("to", "a", "from"), worker };
      const outcome = await storage.jobs.register(again, ALIVE_WITHIN_SECONDS);

      expect(JSON.stringify(before?.schema)).toBe(JSON.stringify(inOrder("from", "to", "a")));
      if (outcome.kind !== "matched") throw new Error(outcome.kind);
      expect(JSON.stringify(outcome.job.schema)).toBe(JSON.stringify(inOrder("to", "a", "from")));
    });

    test("twice by the same worker links it once", async () => {
      const { storage } = given();
      const job = await registerJob(storage);

      await registerJob(storage, { ...job.registration, id: newId(), worker: { id: job.workerId } });

      expect(await storage.workers.jobIds(job.workerId)).toEqual([job.id]);
    });

    test("thirty times at once creates it once and never fails", async () => {
      const { storage } = given();
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

    test("again after its removal makes a new job, and the old one's history stays readable", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const { task } = await insertPendingTask(storage, job);
      await storage.tasks.transition({ id: task.id, to: "cancelled" });
      await storage.workers.remove(job.workerId, "left");

      const again = await registerJob(storage, { ...job.registration, id: newId(), schemaHash: "another" });

      expect(again.id).not.toBe(job.id);
      expect((await readTask(storage, task.id)).job.name).toBe(job.registration.name);
      expect(await storage.jobs.findById(job.id, ALIVE_WITHIN_SECONDS)).toMatchObject({
        id: job.id,
        workers: [],
      });
    });

    test("holds against a removal of idle jobs at the same moment", async () => {
      const { storage } = given();
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

  describe("reading jobs", () => {
    test("counts the tasks that are pending, due or not, and names only the living workers", async () => {
      const { storage } = given();
      const job = await registerJob(storage);
      const second = await registerWorker(storage, job);
      await insertPendingTask(storage, job);
      await insertPendingTask(storage, job, { start: { inSeconds: 60 } });
      await ageHeartbeat(given(), job.workerId, 61);

      const found = await storage.jobs.find(job.registration, ALIVE_WITHIN_SECONDS);

      expect(found).toMatchObject({ id: job.id, pending: 2, workers: [second] });
    });

    test("lists those of the asked rooms, newest first, window by window", async () => {
      const { storage } = given();
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

    test("finds nothing under an id that is no UUID", async () => {
      const { storage } = given();

      expect(await storage.jobs.findById("' or 1=1", ALIVE_WITHIN_SECONDS)).toBeUndefined();
    });
  });
};
