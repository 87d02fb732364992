/** Thrown when checking a value against a schema takes more steps than it is worth. */
export class BudgetExceededError extends Error {}

/** Limits the work on an untrusted schema: a few references that double at each level are a billion steps. */
export class StepBudget {
  readonly #steps: number;
  #left: number;

  constructor(steps: number) {
    this.#steps = steps;
    this.#left = steps;
  }

  /** Makes the whole budget available again. */
  refill(): void {
    this.#left = this.#steps;
  }

  /** Takes steps from the budget; throws `BudgetExceededError` when it is used up. */
  charge(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new BudgetExceededError("the schema is too expensive to check");
  }
}
