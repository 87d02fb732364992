import { expect, test } from "vitest";
import type { Event } from "../../../protocol/index.ts";
import { getRoomChannel, getTaskChannel, getWorkerChannel } from "../../../protocol/index.ts";
import { InProcessEventBus } from "../../../server/events/in-process-event-bus.ts";

const createEvent = (workerId: string | null = "w1"): Event => ({
  ...{ kind: "task-changed", taskId: "t1", roomId: "lab", workerId },
});

test("an event reaches the handlers of its channels until they unsubscribe", async () => {
  const bus = new InProcessEventBus();
  const received: string[] = [];
  const subscribe = (name: string, channel: string) => bus.subscribe(channel, () => received.push(name));
  const unsubscribeTask = await subscribe("task", getTaskChannel("t1"));
  const unsubscribeTwin = await subscribe("twin", getTaskChannel("t1"));
  await subscribe("other task", getTaskChannel("t2"));
  await subscribe("room", getRoomChannel("lab"));
  const unsubscribeWorker = await subscribe("worker", getWorkerChannel("w1"));

  await bus.publish([createEvent()]);
  expect(received.splice(0)).toEqual(["task", "twin", "room", "worker"]);

  unsubscribeTask();
  unsubscribeTask();
  unsubscribeWorker();
  await bus.publish([createEvent()]);
  expect(received.splice(0)).toEqual(["twin", "room"]);

  unsubscribeTwin();
  await subscribe("worker", getWorkerChannel("w1"));
  await bus.publish([createEvent(), createEvent(null)]);
  expect(received).toEqual(["room", "worker", "room"]);
});
