/** Thrown if the work for an untrusted schema exceeds its budget. */
export class OutOfStepsError extends Error {
  constructor() {
    super("the validation exceeded its step budget");
    this.name = "OutOfStepsError";
  }
}

/**
 * Counts the steps of the work for an untrusted schema, and stops the work if it exceeds the
 * budget. For example, references that double at each level would take a billion steps. Unlike a
 * timeout, a budget gives the same result on a busy machine and needs no other thread.
 */
export class StepBudget {
  #left: number;

  constructor(steps = 0) {
    this.#left = steps;
  }

  start(steps: number): void {
    this.#left = steps;
  }

  /** Charges steps before the work is done. Throws `OutOfStepsError` if the budget is exceeded. */
  charge(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new OutOfStepsError();
  }
}
