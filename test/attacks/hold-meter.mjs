// Loaded before a server: writes down how long its main thread held its event loop, in milliseconds of the processor.
// Not of the wall clock: a machine whose cores others have taken lets any process stand still, and that is nobody's hold.
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const TICK_MS = 10;
const WORTH_TELLING_MS = 50;

const processorMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

if (isMainThread) {
  let last = processorMs();
  // Between two ticks the loop turns but once beyond the tick: what was used in between, one turn has used.
  setInterval(() => {
    const now = processorMs();
    const held = now - last - TICK_MS;
    if (held > WORTH_TELLING_MS)
      appendFileSync(process.env.HOLDS_FILE, `${performance.timeOrigin + performance.now()} ${held}\n`);
    last = processorMs();
  }, TICK_MS).unref();
}
