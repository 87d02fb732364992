import { describe, expect, test } from "vitest";
import { parseSerialized } from "../../server/raw-json.ts";
import { buildTask, claimOne, insertTasks, registerJob, type StorageFixture } from "./storage-fixture.ts";

/** Tests of jobs with `fairness: "room"`, whose rooms take turns in the queue. */
export const roomFairnessSuite = (getFixture: () => StorageFixture): void => {
  describe("room fairness", () => {
    const createJob = () => registerJob(getFixture().storage, { roomId: "@global", fairness: "room" });
    const submit = async (jobId: string, roomId: string, count: number, priority = 0) => {
      const options = { roomId, priority, fairness: "room" } as const;
      await insertTasks(
        getFixture().storage,
        Array.from({ length: count }, (_, n) => buildTask(jobId, { ...options, payload: { n } })),
      );
    };
    const claim = async (workerId: string, count: number) => {
      const tasks = (await getFixture().storage.queue.claim(workerId, count, false)) ?? [];
      return tasks.map(({ task }) => `${task.room_id}${JSON.stringify(parseSerialized(task.payload)["n"])}`);
    };

    test("the queue of a job with room fairness alternates between a room with many tasks and a room with few tasks", async () => {
      const { id, workerId } = await createJob();
      await submit(id, "flood", 1000);
      await submit(id, "calm", 2);

      const order = await claim(workerId, 6);

      expect(order.slice(0, 2).toSorted()).toEqual(["calm0", "flood0"]);
      expect(order.slice(2, 4).toSorted()).toEqual(["calm1", "flood1"]);
      expect(order.slice(4)).toEqual(["flood2", "flood3"]);
    });

    test("the queue of a job with room fairness returns the first task of a room among the next two tasks, even if another room has many tasks", async () => {
      const { id, workerId } = await createJob();
      await submit(id, "flood", 100);
      await claim(workerId, 50);

      await submit(id, "calm", 1);
      expect((await claim(workerId, 2)).toSorted()).toEqual(["calm0", "flood50"]);
      await submit(id, "calm", 1);
      expect((await claim(workerId, 2)).toSorted()).toEqual(["calm0", "flood51"]);
    });

    test("the queue of a job with room fairness keeps the order of each room over many submits, and returns higher priorities first", async () => {
      const { id, workerId } = await createJob();
      for (let turn = 0; turn < 3; turn += 1) await submit(id, "a", 2);
      await submit(id, "b", 3);
      await submit(id, "b", 1, 5);

      const order = await claim(workerId, 10);

      expect(order[0]).toBe("b0");
      expect(order.slice(1).filter((label) => label.startsWith("a"))).toEqual([
        "a0",
        "a1",
        "a0",
        "a1",
        "a0",
        "a1",
      ]);
      expect(order.slice(1, 7).filter((label) => label.startsWith("b"))).toEqual(["b0", "b1", "b2"]);
    });

    test("the queue of a job with room fairness lets a worker with several jobs claim their tasks in the order of submission", async () => {
      const { storage } = getFixture();
      const { id, workerId } = await createJob();
      const other = await registerJob(storage, { worker: { id: workerId } });
      await insertTasks(storage, [buildTask(other.id, { payload: { n: "first" } })]);
      await submit(id, "a", 1);
      await insertTasks(storage, [buildTask(other.id, { payload: { n: "last" } })]);

      expect((await claim(workerId, 3)).map((label) => label.replace(/^lab/, ""))).toEqual([
        '"first"',
        "a0",
        '"last"',
      ]);
    });

    test("the queue of a job with room fairness keeps the queue position of a released task", async () => {
      const { storage } = getFixture();
      const { id, workerId } = await createJob();
      await submit(id, "a", 3);
      const claimed = await claimOne(storage, workerId);
      await submit(id, "b", 2);
      await storage.queue.release(workerId, [claimed.task.id]);

      const order = await claim(workerId, 3);
      expect(order[0]).toBe("a0");
      expect(order.slice(1).toSorted()).toEqual(["a1", "b0"]);
    });
  });
};
