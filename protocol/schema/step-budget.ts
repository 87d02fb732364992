/** Thrown if checking a value against a schema exceeds the step budget. */
export class BudgetExceededError extends Error {}

/**
 * Limits the work for an untrusted schema. For example, references that double at each level would take a
 * billion steps.
 */
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

  /** Subtracts steps from the budget. Throws `BudgetExceededError` if there are not enough. */
  charge(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new BudgetExceededError("the schema is too expensive to check");
  }
}
