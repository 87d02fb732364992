import { StepBudget } from "../../protocol/schema/step-budget.ts";

/**
 * The cost of applying a subschema to a value, in steps of about 50 ns. It is computed in
 * `prepare-schema.ts`.
 */
export interface StepCost {
  base: number;
  perItem: number;
  perKey: number;
  /** True if a string costs steps in proportion to its length. */
  text: boolean;
}

export class StepMeter extends StepBudget {
  #patternShare = 1;

  /**
   * Starts a validation with a budget of `steps`. Each pattern match is charged with its worst-case
   * steps times `patternShare`.
   */
  override start(steps: number, patternShare = 1): void {
    super.start(steps);
    this.#patternShare = patternShare;
  }

  /** Charges for a match of a pattern that takes `steps` in the worst case. */
  chargePattern(steps: number): void {
    this.charge(steps * this.#patternShare);
  }

  /**
   * Charges the cost of applying a subschema to a value. `errors` is the number of errors so far,
   * which Ajv copies at every reference that fails.
   */
  chargeValue(cost: StepCost, value: unknown, errors: number): void {
    let steps = cost.base + (errors >> 3);
    if (typeof value === "string") steps += cost.text ? value.length >> 5 : 0;
    else if (Array.isArray(value)) steps += value.length * cost.perItem;
    else if (cost.perKey > 0 && typeof value === "object" && value !== null) {
      // Ajv escapes the name of every member that it validates.
      for (const key in value) steps += cost.perKey * (4 + (key.length >> 3));
    }
    this.charge(steps);
  }
}
