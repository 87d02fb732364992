/** CPU time of `calibrate` on the machine on which the limits in tests were measured. */
const REFERENCE_MS = 30;

const readCpuTime = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Returns the CPU time, in milliseconds, of a fixed computation that allocates and serializes like the measured code. */
const calibrate = (): number => {
  const started = readCpuTime();
  const texts = new Map<number, string>();
  for (let i = 0, hash = 0; i < 200_000; i += 1) {
    hash = Math.imul(hash ^ i, 16_777_619) >>> 0;
    texts.set(hash & 4095, `${hash}`);
  }
  JSON.parse(JSON.stringify([...[...texts.values()].join("")]));
  return readCpuTime() - started;
};

/** Slowdown of this machine compared with the reference machine. At least 1, so that limits are never reduced. */
const slowdown = Math.max(1, Math.min(calibrate(), calibrate(), calibrate()) / REFERENCE_MS);

/**
 * Returns the CPU time of this thread in milliseconds of the reference machine. It depends neither on the load nor on the
 * speed of this machine, so a test can compare the difference of two values with a fixed limit.
 */
export const getCpuTime = (): number => readCpuTime() / slowdown;
