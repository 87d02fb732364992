/** CPU time of `calibrate` on the machine on which the limits in tests were measured. */
const REFERENCE_MS = 30;

const readCpuTime = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Computes, allocates and serializes, as the measured code does, and returns the CPU time in milliseconds. */
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
 * speed of this machine, so tests can compare differences with limits.
 */
export const getCpuTime = (): number => readCpuTime() / slowdown;
