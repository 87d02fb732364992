/** Thrown if checking a value against a schema exceeds the step budget. */
export class BudgetExceededError extends Error {}

/** Limits the work on an untrusted schema: references that double at each level would take a billion steps. */
export class StepBudget {
  readonly #steps: number;
  #left: number;

  constructor(steps: number) {
    this.#steps = steps;
    this.#left = steps;
  }

  /** Resets the budget to its initial number of steps. */
  refill(): void {
    this.#left = this.#steps;
  }

  /** Takes steps from the budget; throws `BudgetExceededError` if it is exceeded. */
  charge(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new BudgetExceededError("the schema is too expensive to check");
  }
}
