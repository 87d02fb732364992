import { randomUUID } from "node:crypto";

/** Largest value of the sequence, which has 26 bits. */
const MAX_SEQUENCE = 0x3ff_ffff;

/**
 * Creates a generator of UUIDv7s (RFC 9562, section 5.7): 48 bits of time, a sequence of 26 bits
 * and 48 random bits. Each id is greater than the previous one, even if the clock is set back. The
 * random bits come from `randomUUID`, because Node.js generates those in advance; calling
 * `randomFillSync` for each id took 10 % of the time of a submit.
 */
export function createIdGenerator(now: () => number = Date.now): () => string {
  let milliseconds = 0;
  let sequence = 0;

  return function createId() {
    const random = randomUUID();
    const clock = now();
    if (clock > milliseconds) {
      milliseconds = clock;
      // The sequence of each millisecond starts with a random value in the lower quarter of its
      // range, so that at least 50 million ids are available in the millisecond.
      sequence = Number.parseInt(random.slice(0, 6), 16);
    } else if (sequence >= MAX_SEQUENCE) {
      milliseconds += 1;
      sequence = 0;
    } else {
      sequence += 1;
    }
    const time = milliseconds.toString(16).padStart(12, "0");
    const high = (0x7000 | (sequence >>> 14)).toString(16);
    const low = (0x8000 | (sequence & 0x3fff)).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${low}-${random.slice(24)}`;
  };
}
