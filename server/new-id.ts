import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** So many ids' randomness is fetched at once: asking the system for each took a tenth of a submit's time. */
const BATCH = 256;
const SIZE = 16;
const MAX_SEQUENCE = 0xffff_ffff;

/** Mints UUIDv7s that grow from one to the next, whatever the clock does. */
export const createNewId = (now: () => number = Date.now): (() => string) => {
  const pool = Buffer.alloc(BATCH * SIZE);
  let used = pool.length;
  let msecs = 0;
  let seq = 0;

  const random = (): Uint8Array => {
    if (used >= pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += SIZE;
    return pool.subarray(used - SIZE, used);
  };

  return () => {
    const bytes = random();
    const time = now();
    if (time > msecs) {
      msecs = time;
      // Half of the range is left to grow within the millisecond.
      seq = pool.readUInt32BE(used - SIZE) >>> 1;
    } else if (seq >= MAX_SEQUENCE) {
      msecs += 1;
      seq = 0;
    } else {
      seq += 1;
    }
    return v7({ random: bytes, msecs, seq });
  };
};
