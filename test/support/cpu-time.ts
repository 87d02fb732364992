/**
 * CPU time of `calibrate` on the reference machine, on which the limits of the tests were measured.
 */
const REFERENCE_MS = 30;

const readCpuTime = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/**
 * Returns the CPU time of a fixed computation, in milliseconds. The computation allocates and
 * serializes objects, as the measured code does.
 */
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

/**
 * The slowdown of this machine relative to the reference machine. It is at least 1, so that a fast
 * machine does not make the limits stricter.
 */
const slowdown = Math.max(1, Math.min(calibrate(), calibrate(), calibrate()) / REFERENCE_MS);

/**
 * Returns the CPU time of this thread, converted to milliseconds of the reference machine. A test
 * can compare the difference of two values with a fixed limit, because the values depend neither on
 * the load nor on the speed of this machine.
 */
export const getCpuTime = (): number => readCpuTime() / slowdown;
