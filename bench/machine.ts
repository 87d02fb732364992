import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

/** Above this share of the cores that others keep busy, ratios say little: processes do not share what is left evenly. */
const CALM = 0.25;

/** The machine in one line. */
export const machine = (): string => {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${model}), ${memory} GiB, ${process.platform} ${release()}, Node ${process.version}`;
};

/** What to say before a run when others are at work on this machine; undefined where it is calm. */
export const weather = (): string | undefined => {
  const [load = 0] = loadavg();
  if (load <= CALM * availableParallelism()) return undefined;
  return `the machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} cores): take the numbers as a trial`;
};
