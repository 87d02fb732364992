import { describe, expect, test } from "vitest";
import { buildTask, claimOne, insertTasks, registerJob, type StorageFixture } from "./storage-fixture.ts";

/** Jobs whose rooms take turns. */
export const roomFairnessSuite = (given: () => StorageFixture): void => {
  describe("a job whose rooms take turns", () => {
    const theJob = () => registerJob(given().storage, { roomId: "@global", fairness: "room" });
    const submit = async (jobId: string, roomId: string, count: number, priority = 0) => {
      const options = { roomId, priority, fairness: "room" } as const;
      await insertTasks(
        given().storage,
        Array.from({ length: count }, (_, n) => buildTask(jobId, { ...options, payload: { n } })),
      );
    };
    const served = async (workerId: string, count: number) => {
      const tasks = (await given().storage.tasks.claim(workerId, count, false)) ?? [];
      return tasks.map(({ task }) => `${task.room_id}${JSON.stringify(task.payload["n"])}`);
    };

    test("serves one room's first beside the first of another that has thousands", async () => {
      const { id, workerId } = await theJob();
      await submit(id, "flood", 1000);
      await submit(id, "calm", 2);

      const order = await served(workerId, 6);

      expect(order.slice(0, 2).toSorted()).toEqual(["calm0", "flood0"]);
      expect(order.slice(2, 4).toSorted()).toEqual(["calm1", "flood1"]);
      expect(order.slice(4)).toEqual(["flood2", "flood3"]);
    });

    test("lets who comes later in at the turn that is served now", async () => {
      const { id, workerId } = await theJob();
      await submit(id, "flood", 100);
      await served(workerId, 50);

      await submit(id, "calm", 1);
      expect((await served(workerId, 2)).toSorted()).toEqual(["calm0", "flood50"]);
      await submit(id, "calm", 1);
      expect((await served(workerId, 2)).toSorted()).toEqual(["calm0", "flood51"]);
    });

    test("keeps each room's own order over many submits, and priorities above all turns", async () => {
      const { id, workerId } = await theJob();
      for (let turn = 0; turn < 3; turn += 1) await submit(id, "a", 2);
      await submit(id, "b", 3);
      await submit(id, "b", 1, 5);

      const order = await served(workerId, 10);

      expect(order[0]).toBe("b0");
      expect(order.slice(1).filter((one) => one.startsWith("a"))).toEqual([
        "a0",
        "a1",
        "a0",
        "a1",
        "a0",
        "a1",
      ]);
      expect(order.slice(1, 7).filter((one) => one.startsWith("b"))).toEqual(["b0", "b1", "b2"]);
    });

    test("stands beside other jobs of its worker as it would without turns", async () => {
      const { storage } = given();
      const { id, workerId } = await theJob();
      const other = await registerJob(storage, { worker: { id: workerId } });
      await insertTasks(storage, [buildTask(other.id, { payload: { n: "first" } })]);
      await submit(id, "a", 1);
      await insertTasks(storage, [buildTask(other.id, { payload: { n: "last" } })]);

      expect((await served(workerId, 3)).map((one) => one.replace(/^lab/, ""))).toEqual([
        '"first"',
        "a0",
        '"last"',
      ]);
    });

    test("gives a task that came back its place", async () => {
      const { storage } = given();
      const { id, workerId } = await theJob();
      await submit(id, "a", 3);
      const held = await claimOne(storage, workerId);
      await submit(id, "b", 2);
      await storage.workers.release(workerId, [held.task.id]);

      const order = await served(workerId, 3);
      expect(order[0]).toBe("a0");
      expect(order.slice(1).toSorted()).toEqual(["a1", "b0"]);
    });
  });
};
