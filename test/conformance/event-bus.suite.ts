import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Event,
  getJobChannel,
  getRoomChannel,
  getTaskChannel,
  getWorkerChannel,
} from "../../protocol/index.ts";
import type { EventBus } from "../../server/ports.ts";
import { eventually } from "../support/eventually.ts";

/** A bus that is up, and the errors that the bus has logged. */
export interface BusFixture {
  readonly bus: EventBus;
  readonly errors: readonly unknown[];
  close(): Promise<void>;
}

/** Creates a `task-changed` event with ids that no other test uses. */
export const createTaskChange = (workerId: string | null = null) => {
  const event: Event = { kind: "task-changed", taskId: randomUUID(), roomId: randomUUID(), workerId };
  return { event, channel: getTaskChannel(event.taskId) };
};

/** Creates a handler that stores the events that it receives. */
export const createListener = () => {
  const received: (Event | undefined)[] = [];
  return { received, handler: (event?: Event) => void received.push(event) };
};

/**
 * Resolves once all events that were published before are delivered. A test can then expect that an
 * event was not delivered, without waiting for a fixed time.
 */
const waitForDelivery = async (bus: EventBus) => {
  const { event, channel } = createTaskChange();
  const { received, handler } = createListener();
  const unsubscribe = await bus.subscribe(channel, handler);
  await bus.publish([event]);
  await eventually(() => received.length === 1);
  unsubscribe();
};

/** Tests that every event bus has to pass. */
export const eventBusSuite = (name: string, open: () => Promise<BusFixture>): void => {
  describe(name, () => {
    let fixture: BusFixture | undefined;
    const getFixture = (): BusFixture => {
      if (fixture === undefined) throw new Error("the bus is not open");
      return fixture;
    };
    beforeAll(async () => {
      fixture = await open();
    });
    afterAll(() => fixture?.close());

    test("the event bus notifies every subscriber of a channel once, and no other subscriber", async () => {
      const { bus } = getFixture();
      const { event, channel } = createTaskChange();
      const listeners = Array.from({ length: 3 }, createListener);
      const other = createListener();
      for (const { handler } of listeners) await bus.subscribe(channel, handler);
      await bus.subscribe(createTaskChange().channel, other.handler);

      await bus.publish([event]);

      await waitForDelivery(bus);
      for (const { received } of listeners) expect(received).toEqual([event]);
      expect(other.received).toEqual([]);
    });

    test("the event bus publishes a changed task on the channels of the task, its room and the worker that lost its lease", async () => {
      const { bus } = getFixture();
      const worker = randomUUID();
      const { event, channel } = createTaskChange(worker);
      const listener = createListener();
      const room = event.kind === "task-changed" ? event.roomId : "";
      for (const name of [channel, getRoomChannel(room), getWorkerChannel(worker)]) {
        await bus.subscribe(name, listener.handler);
      }

      await bus.publish([event]);

      await waitForDelivery(bus);
      expect(listener.received).toEqual([event, event, event]);
    });

    test("the event bus delivers events in the order in which they were published", async () => {
      const { bus } = getFixture();
      const jobId = randomUUID();
      const events = [3, 1, 2].map((count): Event => ({ kind: "work-available", jobId, count }));
      const { received, handler } = createListener();
      await bus.subscribe(getJobChannel(jobId), handler);

      await bus.publish(events);
      await bus.publish([]);

      await waitForDelivery(bus);
      expect(received).toEqual(events);
    });

    test("the event bus delivers every event that is published after the subscription resolved", async () => {
      const { bus } = getFixture();

      const counts = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const { event, channel } = createTaskChange();
          const { received, handler } = createListener();
          await bus.subscribe(channel, handler);
          await bus.publish([event]);
          return received;
        }),
      );

      await eventually(() => counts.every((received) => received.length === 1));
    });

    test("the event bus stops notifying a handler that unsubscribed once or twice, and continues to notify the other handlers", async () => {
      const { bus } = getFixture();
      const { event, channel } = createTaskChange();
      const [removed, remaining] = [createListener(), createListener()];
      const unsubscribe = await bus.subscribe(channel, removed.handler);
      await bus.subscribe(channel, remaining.handler);
      unsubscribe();
      unsubscribe();

      await bus.publish([event]);

      await waitForDelivery(bus);
      expect([removed.received, remaining.received]).toEqual([[], [event]]);
    });

    test("the event bus treats two subscriptions of one handler as independent", async () => {
      const { bus } = getFixture();
      const { event, channel } = createTaskChange();
      const { received, handler } = createListener();
      const unsubscribe = await bus.subscribe(channel, handler);
      await bus.subscribe(channel, handler);
      await bus.publish([event]);
      await waitForDelivery(bus);
      expect(received).toHaveLength(2);

      unsubscribe();
      await bus.publish([event]);

      await waitForDelivery(bus);
      expect(received).toHaveLength(3);
    });

    test("the event bus notifies a handler that subscribes again after the last subscriber of the channel has left", async () => {
      const { bus } = getFixture();
      const { event, channel } = createTaskChange();
      const { received, handler } = createListener();
      (await bus.subscribe(channel, handler))();
      await bus.subscribe(channel, handler);

      await bus.publish([event]);

      await waitForDelivery(bus);
      expect(received).toEqual([event]);
    });

    test("the event bus notifies the other handlers if a handler throws, and logs the error", async () => {
      const { bus, errors } = getFixture();
      const { event, channel } = createTaskChange();
      const { received, handler } = createListener();
      await bus.subscribe(channel, () => {
        throw new Error("a bug in a handler");
      });
      await bus.subscribe(channel, handler);

      await bus.publish([event]);

      await waitForDelivery(bus);
      expect(received).toEqual([event]);
      expect(errors).toContainEqual({ err: expect.objectContaining({ message: "a bug in a handler" }) });
    });

    test("the event bus lets a handler unsubscribe while it handles an event", async () => {
      const { bus } = getFixture();
      const { event, channel } = createTaskChange();
      const { received, handler } = createListener();
      const unsubscribe = await bus.subscribe(channel, () => unsubscribe());
      await bus.subscribe(channel, handler);

      await bus.publish([event, event]);

      await waitForDelivery(bus);
      expect(received).toEqual([event, event]);
    });

    test("the event bus ignores events and unsubscriptions after it is closed", async () => {
      const separate = await open();
      const { event, channel } = createTaskChange();
      const { received, handler } = createListener();
      const unsubscribe = await separate.bus.subscribe(channel, handler);
      await separate.bus.close();

      await separate.bus.publish([event]);
      unsubscribe();

      expect(received).toEqual([]);
      await separate.close();
    });

    test("the event bus reports that it is up", () => {
      expect(getFixture().bus.state).toBe("up");
    });
  });
};
