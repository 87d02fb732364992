import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Event,
  getJobChannel,
  getRoomChannel,
  getTaskChannel,
  getWorkerChannel,
} from "../../protocol/index.ts";
import type { EventBus } from "../../server/events/event-bus.ts";
import { eventually } from "../support/eventually.ts";

/** A bus that is up, with what it logged as an error. */
export interface BusFixture {
  readonly bus: EventBus;
  readonly errors: readonly unknown[];
  close(): Promise<void>;
}

/** A change of a task that no other test knows. */
export const createTaskChange = (workerId: string | null = null) => {
  const event: Event = { kind: "task-changed", taskId: randomUUID(), roomId: randomUUID(), workerId };
  return { event, channel: getTaskChannel(event.taskId) };
};

/** Notes what it is told. */
export const createListener = () => {
  const heard: (Event | undefined)[] = [];
  return { heard, handler: (event?: Event) => void heard.push(event) };
};

/** Resolves once everything that was published before has come: what comes later must not have come by then. */
const settle = async (bus: EventBus) => {
  const { event, channel } = createTaskChange();
  const { heard, handler } = createListener();
  const unsubscribe = await bus.subscribe(channel, handler);
  await bus.publish([event]);
  await eventually(() => heard.length === 1);
  unsubscribe();
};

/** What every event bus does. */
export const eventBusSuite = (name: string, open: () => Promise<BusFixture>): void => {
  describe(name, () => {
    let opened: BusFixture | undefined;
    const given = (): BusFixture => {
      if (opened === undefined) throw new Error("the bus is not open");
      return opened;
    };
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());

    test("tells every subscriber of a channel, once each, and no other", async () => {
      const { bus } = given();
      const { event, channel } = createTaskChange();
      const listeners = Array.from({ length: 3 }, createListener);
      const stranger = createListener();
      for (const { handler } of listeners) await bus.subscribe(channel, handler);
      await bus.subscribe(createTaskChange().channel, stranger.handler);

      await bus.publish([event]);

      await settle(bus);
      for (const { heard } of listeners) expect(heard).toEqual([event]);
      expect(stranger.heard).toEqual([]);
    });

    test("tells of a task's change on the channels of the task, of its room and of the worker that lost it", async () => {
      const { bus } = given();
      const worker = randomUUID();
      const { event, channel } = createTaskChange(worker);
      const listener = createListener();
      const room = event.kind === "task-changed" ? event.roomId : "";
      for (const one of [channel, getRoomChannel(room), getWorkerChannel(worker)]) {
        await bus.subscribe(one, listener.handler);
      }

      await bus.publish([event]);

      await settle(bus);
      expect(listener.heard).toEqual([event, event, event]);
    });

    test("tells many events in their order", async () => {
      const { bus } = given();
      const jobId = randomUUID();
      const events = [3, 1, 2].map((count): Event => ({ kind: "work-available", jobId, count }));
      const { heard, handler } = createListener();
      await bus.subscribe(getJobChannel(jobId), handler);

      await bus.publish(events);
      await bus.publish([]);

      await settle(bus);
      expect(heard).toEqual(events);
    });

    test("misses nothing that is published once a subscription has resolved", async () => {
      const { bus } = given();

      const counts = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const { event, channel } = createTaskChange();
          const { heard, handler } = createListener();
          await bus.subscribe(channel, handler);
          await bus.publish([event]);
          return heard;
        }),
      );

      await eventually(() => counts.every((heard) => heard.length === 1));
    });

    test("no longer tells who has unsubscribed, however often, though it tells the others", async () => {
      const { bus } = given();
      const { event, channel } = createTaskChange();
      const [gone, stays] = [createListener(), createListener()];
      const unsubscribe = await bus.subscribe(channel, gone.handler);
      await bus.subscribe(channel, stays.handler);
      unsubscribe();
      unsubscribe();

      await bus.publish([event]);

      await settle(bus);
      expect({ gone: gone.heard, stays: stays.heard }).toEqual({ gone: [], stays: [event] });
    });

    test("lets one function listen twice, each for itself", async () => {
      const { bus } = given();
      const { event, channel } = createTaskChange();
      const { heard, handler } = createListener();
      const unsubscribe = await bus.subscribe(channel, handler);
      await bus.subscribe(channel, handler);
      await bus.publish([event]);
      await settle(bus);
      expect(heard).toHaveLength(2);

      unsubscribe();
      await bus.publish([event]);

      await settle(bus);
      expect(heard).toHaveLength(3);
    });

    test("tells who comes back to a channel that everybody had left", async () => {
      const { bus } = given();
      const { event, channel } = createTaskChange();
      const { heard, handler } = createListener();
      (await bus.subscribe(channel, handler))();
      await bus.subscribe(channel, handler);

      await bus.publish([event]);

      await settle(bus);
      expect(heard).toEqual([event]);
    });

    test("does not let a handler that throws hold up the others, and says that it did", async () => {
      const { bus, errors } = given();
      const { event, channel } = createTaskChange();
      const { heard, handler } = createListener();
      await bus.subscribe(channel, () => {
        throw new Error("a bug in a handler");
      });
      await bus.subscribe(channel, handler);

      await bus.publish([event]);

      await settle(bus);
      expect(heard).toEqual([event]);
      expect(errors).toContainEqual({ err: expect.objectContaining({ message: "a bug in a handler" }) });
    });

    test("lets a handler unsubscribe while it is told", async () => {
      const { bus } = given();
      const { event, channel } = createTaskChange();
      const { heard, handler } = createListener();
      const unsubscribe = await bus.subscribe(channel, () => unsubscribe());
      await bus.subscribe(channel, handler);

      await bus.publish([event, event]);

      await settle(bus);
      expect(heard).toEqual([event, event]);
    });

    test("tells nobody once it is closed, and takes it well", async () => {
      const own = await open();
      const { event, channel } = createTaskChange();
      const { heard, handler } = createListener();
      const unsubscribe = await own.bus.subscribe(channel, handler);
      await own.bus.close();

      await own.bus.publish([event]);
      unsubscribe();

      expect(heard).toEqual([]);
      await own.close();
    });

    test("is up", () => {
      expect(given().bus.state).toBe("up");
    });
  });
};
