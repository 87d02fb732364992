import { _, type CodeKeywordDefinition, Name } from "ajv";

/** What looking at one value with one subschema costs, in steps of some 50 ns; see `prepare-schema.ts`. */
export interface StepCost {
  base: number;
  perItem: number;
  perKey: number;
  text: boolean;
}

/** The keyword, of our own, that every prepared subschema carries its cost in. */
export const STEPS_KEYWORD = "joblibSteps";

/** Thrown through Ajv when a validation has used up its steps. */
export class OutOfStepsError extends Error {
  constructor() {
    super("the validation took more steps than it may");
    this.name = "OutOfSteps";
  }
}

/**
 * Counts the work of one validation, and ends it when it is too much. A count, unlike a clock, gives a payload the
 * same answer on a busy machine, and needs no other thread to hold to it.
 */
export class StepMeter {
  #left = 0;
  #patternShare = 1;

  /** Begins a validation that may take this many steps; matching a pattern may count as only a share of its worst case. */
  start(steps: number, patternShare = 1): void {
    this.#left = steps;
    this.#patternShare = patternShare;
  }

  /** Takes the steps that matching a pattern takes at worst. */
  chargePattern(steps: number): void {
    this.charge(steps * this.#patternShare);
  }

  /** Takes steps before they are made. */
  charge(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new OutOfStepsError();
  }

  /** Charges for looking at a value; `errors` because Ajv copies its list of them at every failing reference. */
  look(cost: StepCost, value: unknown, errors: number): void {
    let steps = cost.base + (errors >> 3);
    if (typeof value === "string") steps += cost.text ? value.length >> 5 : 0;
    else if (Array.isArray(value)) steps += value.length * cost.perItem;
    else if (cost.perKey > 0 && typeof value === "object" && value !== null) {
      // Ajv escapes the name of every member it goes into: a long one costs its length.
      for (const key in value) steps += cost.perKey * (4 + (key.length >> 3));
    }
    this.charge(steps);
  }
}

/** The definition of the keyword that charges a meter, ahead of whatever else the subschema does to arrays and objects. */
export function createStepsKeyword(meter: StepMeter): CodeKeywordDefinition {
  return {
    keyword: STEPS_KEYWORD,
    schemaType: "object",
    before: "$ref",
    code({ gen, schema, data }) {
      const counter = gen.scopeValue("obj", { ref: meter });
      const cost = gen.scopeValue("obj", { ref: schema });
      gen.code(_`${counter}.look(${cost}, ${data}, ${new Name("errors")})`);
    },
  };
}
