import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

/**
 * Maximum load average per core. Above this load, the ratios between joblib and other libraries are
 * unreliable, because the compared processes do not get equal shares of the remaining CPU time.
 */
const MAX_LOAD_PER_CORE = 0.25;

/** Describes the machine in one line. */
export const describeMachine = (): string => {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${model}), ${memory} GiB, ${process.platform} ${release()}, Node ${process.version}`;
};

/** Returns a warning if other processes use this machine. Returns undefined if they do not. */
export const getLoadWarning = (): string | undefined => {
  const [load = 0] = loadavg();
  if (load <= MAX_LOAD_PER_CORE * availableParallelism()) return undefined;
  return `warning: the machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} cores), so the results are unreliable`;
};
