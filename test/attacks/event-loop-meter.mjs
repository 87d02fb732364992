// Preloaded into a server: records for how long its main thread blocked its event loop, in milliseconds of CPU time. Wall-clock
// time would also count the time in which a busy machine does not schedule the process.
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
  // A tick can only be late if one turn of the event loop is still running when the tick is due. So this turn used the CPU
  // time that exceeds the interval.
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
