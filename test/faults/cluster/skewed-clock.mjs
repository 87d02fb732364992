// This module is preloaded into a server or worker. It shifts the wall clock of the process by
// CLOCK_SKEW_MS milliseconds, and leaves the monotonic clock unchanged.
const skew = Number(process.env.CLOCK_SKEW_MS ?? 0);
const Real = Date;

globalThis.Date = class extends Real {
  constructor(...args) {
    if (args.length === 0) super(Real.now() + skew);
    else super(...args);
  }
  static now() {
    return Real.now() + skew;
  }
};
