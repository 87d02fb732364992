import { describe, expect, test } from "vitest";
import {
  ageTask,
  buildTask,
  insertTasks,
  registerJob,
  registerWorker,
  type StorageFixture,
} from "./storage-fixture.ts";

/**
 * Registers twelve jobs, alternately for one of two workers, so that the two workers' job ids
 * alternate in a sorted list.
 */
const registerJobs = async ({ storage }: StorageFixture) => {
  const first = await registerJob(storage);
  const second = await registerJob(storage);
  const jobs = [first, second];
  for (let index = 2; index < 12; index += 1) {
    const worker = { id: (index % 2 === 0 ? first : second).workerId };
    jobs.push(await registerJob(storage, { worker }));
  }
  return { jobs, first, second };
};

const getIds = (records: readonly { readonly summary: { readonly id: string } }[] | undefined) =>
  records?.map(({ summary }) => summary.id);

/** Tests of claims by workers with several jobs, some of which have tasks. */
export const manyJobsSuite = (getFixture: () => StorageFixture): void => {
  describe("worker with several jobs", () => {
    test.each([
      { name: "no job", indexes: [] },
      { name: "the first job", indexes: [0] },
      { name: "the last job", indexes: [10] },
      { name: "only jobs of another worker", indexes: [1, 3, 11] },
      { name: "adjacent jobs of two workers", indexes: [3, 4, 5] },
      { name: "all jobs", indexes: [...Array(12).keys()] },
    ])("a worker with several jobs claims exactly the due tasks of these jobs if the jobs with due tasks are: $name", async ({
      indexes,
    }) => {
      const { storage } = getFixture();
      const { jobs, first, second } = await registerJobs(getFixture());
      const tasks = indexes.map((index) => ({ index, task: buildTask(jobs[index]?.id ?? "") }));
      await insertTasks(
        storage,
        tasks.map(({ task }) => task),
      );
      const getExpected = (parity: number) =>
        tasks.filter(({ index }) => index % 2 === parity).map(({ task }) => task.id);
      const allIds = jobs.map(({ id }) => id);

      const counts = await storage.tasks.countDue(allIds, 5);
      const seconds = await storage.tasks.getSecondsUntilDue(allIds);
      const claimedFirst = await storage.queue.claim(first.workerId, 100, false);
      const claimedSecond = await storage.queue.claim(second.workerId, 100, false);

      expect(counts).toEqual(new Map(tasks.map(({ task }) => [task.jobId, 1])));
      expect(seconds).toBe(indexes.length > 0 ? 0 : undefined);
      expect(getIds(claimedFirst)).toEqual(getExpected(0));
      expect(getIds(claimedSecond)).toEqual(getExpected(1));
    });

    test("a worker with several jobs claims a task of any of its jobs that became due, but no task of another worker's job", async () => {
      const { storage } = getFixture();
      const { jobs, first } = await registerJobs(getFixture());
      const delayed = [4, 5, 8].map((index) =>
        buildTask(jobs[index]?.id ?? "", { start: { inSeconds: 60 } }),
      );
      await insertTasks(storage, delayed);
      const [own, others] = delayed;

      const early = await storage.queue.claim(first.workerId, 100, false);
      await ageTask(getFixture(), others?.id ?? "", 61);
      const afterOthers = await storage.queue.claim(first.workerId, 100, false);
      await ageTask(getFixture(), own?.id ?? "", 61);
      const due = await storage.queue.claim(first.workerId, 100, false);

      expect([early, afterOthers]).toEqual([[], []]);
      expect(getIds(due)).toEqual([own?.id]);
    });

    test("a worker claims a task of a job to which it was linked after its last claim, and claims no task after it was drained", async () => {
      const { storage } = getFixture();
      const { jobs, first } = await registerJobs(getFixture());
      const before = await storage.queue.claim(first.workerId, 100, false);
      const linked = await storage.queue.getLinkedJobs(first.workerId);
      const added = await registerJob(storage, { worker: { id: first.workerId } });
      await insertTasks(storage, [buildTask(added.id)]);

      const claimed = await storage.queue.claim(first.workerId, 1, false);
      const linkedAfter = await storage.queue.getLinkedJobs(first.workerId);
      await insertTasks(storage, [buildTask(added.id)]);
      await storage.workers.drain(first.workerId);
      const afterDrain = await storage.queue.claim(first.workerId, 1, false);

      expect(before).toEqual([]);
      expect(claimed).toHaveLength(1);
      expect(linked.ids).toEqual(jobs.filter((_, index) => index % 2 === 0).map(({ id }) => id));
      expect(linkedAfter.ids).toEqual([...linked.ids, added.id].sort());
      expect(linkedAfter.key).not.toBe(linked.key);
      expect(afterDrain).toEqual([]);
    });

    test("workers with the same jobs have the same job key, and workers with different jobs have different job keys", async () => {
      const { storage } = getFixture();
      const { first, second } = await registerJobs(getFixture());
      const [one, two] = [await registerWorker(storage, first), await registerWorker(storage, first)];

      const linked = [first.workerId, second.workerId, one, two].map((id) => storage.queue.getLinkedJobs(id));
      const [firstKey, secondKey, oneKey, twoKey] = (await Promise.all(linked)).map(({ key }) => key);

      expect(oneKey).toBe(twoKey);
      expect(new Set([firstKey, secondKey, oneKey]).size).toBe(3);
    });

    test.each([
      { name: "one of its jobs has a due task", index: 8, isAssigned: false },
      { name: "only another worker's job has a due task", index: 7, isAssigned: true },
    ])("a new task is directly assigned to a worker only if no other job of the worker has a due task: $name", async ({
      index,
      isAssigned,
    }) => {
      const { storage } = getFixture();
      const { jobs, first } = await registerJobs(getFixture());
      await insertTasks(storage, [buildTask(jobs[index]?.id ?? "")]);

      const outcome = await storage.queue.insert([buildTask(first.id)], {
        aliveWithinSeconds: 60,
        chooseAssignee: () => ({ workerId: first.workerId, start: false }),
      });

      const isDirect = outcome.kind === "inserted" && outcome.assigned !== undefined;
      expect(isDirect).toBe(isAssigned && getFixture().isBatching);
    });
  });
};
