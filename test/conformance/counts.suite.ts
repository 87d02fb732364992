import { describe, expect, test } from "vitest";
import type { QueueCounts } from "../../server/storage/ports/storage.ts";
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

/** Matches a number of seconds, or up to 60 more, because the test itself takes time. */
const approximateSeconds = (seconds: number) =>
  expect.toSatisfy((value: number) => value >= seconds && value < seconds + 60);

/** Tests of the counts that `/metrics` returns. */
export const countsSuite = (getFixture: () => StorageFixture): void => {
  describe("queue counts", () => {
    test("queue counts include the due tasks of each public job, but not its delayed and running tasks", async () => {
      const { storage } = getFixture();
      const job = await registerJob(storage, { ...GLOBAL, name: "Deep" });
      const before = await storage.countQueues(ALIVE_WITHIN_SECONDS);
      await insertRunningTask(storage, job);
      for (let index = 0; index < 3; index += 1) await insertPendingTask(storage, job);
      await insertPendingTask(storage, job, { start: { inSeconds: 600 } });

      const counts = await storage.countQueues(ALIVE_WITHIN_SECONDS);

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

    test("queue counts include the age of the oldest due task, even if other tasks have a higher priority", async () => {
      const fixture = getFixture();
      const job = await registerJob(fixture.storage, { ...GLOBAL, name: "Starved" });
      const starved = await insertPendingTask(fixture.storage, job, { priority: -5 });
      await ageTask(fixture, starved.task.id, 3600);
      for (const priority of [0, 0, 5, 9]) await insertPendingTask(fixture.storage, job, { priority });
      const idle = await registerJob(fixture.storage, { ...GLOBAL, name: "Idle" });

      const counts = await fixture.storage.countQueues(ALIVE_WITHIN_SECONDS);

      expect(getQueueDepth(counts, "Starved")).toMatchObject({
        due: 5,
        oldestSeconds: approximateSeconds(3600),
      });
      expect(getQueueDepth(counts, idle.registration.name)).toMatchObject({ due: 0, oldestSeconds: null });
    });

    test("queue counts contain only a sum for the jobs of all rooms other than @global, without the names of these jobs", async () => {
      const fixture = getFixture();
      const before = await fixture.storage.countQueues(ALIVE_WITHIN_SECONDS);
      const own = await registerJob(fixture.storage, { name: "Secret" });
      const other = await registerJob(fixture.storage, { roomId: "vault", name: "Secret" });
      const first = await insertPendingTask(fixture.storage, own);
      await insertPendingTask(fixture.storage, other);
      await ageTask(fixture, first.task.id, 90_000);

      const counts = await fixture.storage.countQueues(ALIVE_WITHIN_SECONDS);

      expect(counts.others).toEqual({
        due: before.others.due + 2,
        oldestSeconds: approximateSeconds(90_000),
      });
      expect(JSON.stringify(counts)).not.toContain("Secret");
    });
  });
};
