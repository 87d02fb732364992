import { InProcessEventBus } from "../../server/events/in-process-event-bus.ts";
import { eventBusSuite } from "./event-bus.suite.ts";

eventBusSuite("in-process event bus", async () => {
  const errors: unknown[] = [];
  const log = { info() {}, warn() {}, error: (fields: object) => void errors.push(fields) };
  const bus = new InProcessEventBus(log);
  return { bus, errors, close: () => bus.close() };
});
