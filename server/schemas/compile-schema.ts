import type { ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { OutOfStepsError } from "../../protocol/schema/step-budget.ts";
import { describeErrors } from "./describe-errors.ts";
import { findFileErrors } from "./file-keyword.ts";
import { createFormats } from "./linear-formats.ts";
import { createKeywords } from "./linear-keywords.ts";
import { createRegExpEngine } from "./patterns/linear-regexp.ts";
import { prepareSchema, usesUnevaluated } from "./prepare-schema.ts";
import { InvalidSchemaError, type JsonObject, type SchemaError, TOO_DEEP } from "./schema-error.ts";
import type { SchemaGraph } from "./schema-graph.ts";
import { readBoundedSchema, type SchemaUse } from "./schema-limits.ts";
import { StepMeter } from "./step-meter.ts";

/** The maximum amount of work for one validation. */
export interface Budget {
  steps: number;
  /**
   * The part of a pattern match's worst-case steps that is subtracted from `steps`. It may be less
   * than 1, because most matches take fewer steps than the worst case.
   */
  patternShare: number;
}

/**
 * The budget of a validation on the event loop. It corresponds to at most about 100 ms, and usually
 * to much less.
 */
const EVENT_LOOP_BUDGET: Budget = { steps: 500_000, patternShare: 1 };

/** Budget for finding all errors of a payload that is already known to be invalid, in steps. */
const STEPS_FOR_ALL_ERRORS = 100_000;

/** Validates a value and returns its errors. Throws `OutOfStepsError` if the budget is exceeded. */
export type Validate = (value: unknown, budget?: Budget) => SchemaError[];

type RunValidation = (value: unknown) => readonly ErrorObject[];

/** Returns the reasons why a schema cannot be registered. Never throws. */
export function checkSchema(schema: JsonObject, use: SchemaUse = "payload"): SchemaError[] {
  try {
    const graph = readBoundedSchema(schema, use);
    compileGraph(graph);
    return findFileErrors(graph);
  } catch (error) {
    return toSchemaErrors(error);
  }
}

/**
 * Returns a function that validates values against a schema. Throws `InvalidSchemaError` for an
 * invalid schema.
 */
export function compileSchema(schema: JsonObject): Validate {
  try {
    return compileGraph(readBoundedSchema(schema, "result"));
  } catch (error) {
    throw new InvalidSchemaError(toSchemaErrors(error));
  }
}

function toSchemaErrors(error: unknown): SchemaError[] {
  if (error instanceof InvalidSchemaError) return error.errors;
  const message = error instanceof Error ? error.message : String(error);
  const reason = error instanceof RangeError ? "its chain of references is too long; shorten it" : message;
  return [{ pointer: "", detail: `cannot be compiled: ${reason}` }];
}

function compileGraph(graph: SchemaGraph): Validate {
  const meter = new StepMeter();
  const prepared = prepareSchema(graph);
  const findFirst = compile(graph, prepared, meter, false);
  let findAll: RunValidation | undefined;

  return function validateValue(value, { steps, patternShare } = EVENT_LOOP_BUDGET) {
    try {
      meter.start(steps, patternShare);
      const errors = findFirst(value);
      if (errors.length === 0) return [];
      // `findFirst` stops at the first error of each branch, so that an invalid payload costs no
      // more than a valid one. `findAll` finds all errors, within a smaller step budget.
      findAll ??= compile(graph, prepared, meter, true);
      meter.start(Math.min(steps, STEPS_FOR_ALL_ERRORS));
      return describeErrors(tryToFindAll(findAll, value) ?? errors);
    } catch (error) {
      if (error instanceof RangeError) return [TOO_DEEP];
      throw error;
    }
  };
}

/**
 * Finds all errors of an invalid value. Returns undefined if this exceeds the step budget, or if
 * the code that Ajv has generated throws a TypeError, as it does for some schemas with
 * `unevaluatedProperties` inside `oneOf`.
 */
function tryToFindAll(findAll: RunValidation, value: unknown): readonly ErrorObject[] | undefined {
  try {
    return findAll(value);
  } catch (error) {
    if (error instanceof TypeError || error instanceof OutOfStepsError) return undefined;
    throw error;
  }
}

// Each schema has its own Ajv instance: a shared instance would keep all subschemas in memory
// forever, and schemas with the same `$id` would conflict.
function compile(
  graph: SchemaGraph,
  prepared: JsonObject,
  meter: StepMeter,
  allErrors: boolean,
): RunValidation {
  const ajv = new Ajv2020({
    strict: false,
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    // With inlining, a subschema to which a thousand references point would be compiled a thousand
    // times.
    inlineRefs: false,
    // Without this option, inherited properties count: every object would satisfy `required:
    // ["toString"]`.
    ownProperties: true,
    logger: false,
    verbose: true,
    allErrors,
    formats: createFormats(meter),
    code: { optimize: false, regExp: createRegExpEngine(meter) },
  });
  // Only the `unevaluated…` keywords need the names of evaluated properties. By default, Ajv2020
  // collects these names in every schema, with a loop over the keys of an object at every branch.
  ajv.opts.unevaluated = [...graph.nodes.keys()].some(usesUnevaluated);
  for (const [keyword, definition] of Object.entries(createKeywords(meter))) {
    ajv.removeKeyword(keyword);
    ajv.addKeyword({ keyword, ...definition });
  }
  const validate = ajv.compile(prepared);
  return (value) => (validate(value) === true ? [] : (validate.errors ?? []));
}
