// `node --import` loads this module into a server. It records how long the main thread blocks the
// event loop, in milliseconds of CPU time. Wall-clock time would also include the time in which a
// busy machine does not schedule the process.
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const TICK_MS = 10;
const MIN_RECORDED_MS = 50;

const getCpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

if (isMainThread) {
  let last = getCpuMs();
  // A tick is late only if one turn of the event loop is still running when the tick is due. That
  // turn used the CPU time beyond the interval.
  setInterval(() => {
    const now = getCpuMs();
    const blocked = now - last - TICK_MS;
    if (blocked > MIN_RECORDED_MS)
      appendFileSync(
        process.env.EVENT_LOOP_FILE,
        `${performance.timeOrigin + performance.now()} ${blocked}\n`,
      );
    last = getCpuMs();
  }, TICK_MS).unref();
}
