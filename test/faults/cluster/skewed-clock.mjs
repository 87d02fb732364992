// Preloaded into a server or worker: shifts its wall clock by CLOCK_SKEW_MS and does not change its monotonic clock.
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
