import { describe, expect, test } from "vitest";
import type { QueueCounts } from "../../server/storage/queue-counts.ts";
import {
  ALIVE_WITHIN_SECONDS,
  ageTask,
  insertPendingTask,
  insertRunningTask,
  registerJob,
  type StorageFixture,
} from "./storage-fixture.ts";

const GLOBAL = { roomId: "@global", category: "counts" };

const getQueueDepth = ({ jobs }: QueueCounts, name: string) => jobs.find((job) => job.name === name);

/** Seconds that a test may take beside what it has aged. */
const expectSeconds = (seconds: number) =>
  expect.toSatisfy((value: number) => value >= seconds && value < seconds + 60);

/** What `/metrics` tells of the queue. */
export const countsSuite = (given: () => StorageFixture): void => {
  describe("counting the queue", () => {
    test("tells of each global job how much is due, and not of what is delayed, held or over", async () => {
      const { storage } = given();
      const job = await registerJob(storage, { ...GLOBAL, name: "Deep" });
      const before = await storage.counts(ALIVE_WITHIN_SECONDS);
      await insertRunningTask(storage, job);
      for (let index = 0; index < 3; index += 1) await insertPendingTask(storage, job);
      await insertPendingTask(storage, job, { start: { inSeconds: 600 } });

      const counts = await storage.counts(ALIVE_WITHIN_SECONDS);

      expect(getQueueDepth(counts, "Deep")).toEqual({
        ...getQueueDepth(counts, "Deep"),
        category: "counts",
        due: 3,
      });
      expect(counts.delayed).toBe(before.delayed + 1);
      expect(counts.tasks).toMatchObject({
        pending: (before.tasks["pending"] ?? 0) + 4,
        running: (before.tasks["running"] ?? 0) + 1,
      });
    });

    test("tells how long the oldest has been due, though others have a higher priority", async () => {
      const opened = given();
      const job = await registerJob(opened.storage, { ...GLOBAL, name: "Starved" });
      const starved = await insertPendingTask(opened.storage, job, { priority: -5 });
      await ageTask(opened, starved.task.id, 3600);
      for (const priority of [0, 0, 5, 9]) await insertPendingTask(opened.storage, job, { priority });
      const idle = await registerJob(opened.storage, { ...GLOBAL, name: "Idle" });

      const counts = await opened.storage.counts(ALIVE_WITHIN_SECONDS);

      expect(getQueueDepth(counts, "Starved")).toMatchObject({ due: 5, oldestSeconds: expectSeconds(3600) });
      expect(getQueueDepth(counts, idle.registration.name)).toMatchObject({ due: 0, oldestSeconds: null });
    });

    test("tells of the rooms' own jobs together, and names none", async () => {
      const opened = given();
      const before = await opened.storage.counts(ALIVE_WITHIN_SECONDS);
      const own = await registerJob(opened.storage, { name: "Secret" });
      const other = await registerJob(opened.storage, { roomId: "vault", name: "Secret" });
      const first = await insertPendingTask(opened.storage, own);
      await insertPendingTask(opened.storage, other);
      await ageTask(opened, first.task.id, 90_000);

      const counts = await opened.storage.counts(ALIVE_WITHIN_SECONDS);

      expect(counts.others).toEqual({ due: before.others.due + 2, oldestSeconds: expectSeconds(90_000) });
      expect(JSON.stringify(counts)).not.toContain("Secret");
    });
  });
};
