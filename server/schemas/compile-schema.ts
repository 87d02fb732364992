import type { ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describeErrors } from "./describe-errors.ts";
import { createFormats } from "./linear-formats.ts";
import { createKeywords } from "./linear-keywords.ts";
import { createRegExpEngine } from "./linear-regexp.ts";
import { prepareSchema, usesUnevaluated } from "./prepare-schema.ts";
import { InvalidSchemaError, type JsonObject, type SchemaError } from "./schema-error.ts";
import type { SchemaGraph } from "./schema-graph.ts";
import { readBoundedSchema, type SchemaUse } from "./schema-limits.ts";
import { createStepsKeyword, OutOfStepsError, StepMeter } from "./step-meter.ts";

/** How much work a validation may be. */
export interface Budget {
  steps: number;
  /** What part of its worst case matching a pattern is charged for: RE2 seldom comes near it. */
  patternShare: number;
}

/** What may be done on the event loop: some 100 ms at worst, mostly far less. */
const budgetHere: Budget = { steps: 500_000, patternShare: 1 };

// Looking for all faults of a payload known to be wrong.
const stepsForAll = 100_000;

/** Says all that does not fit; throws `OutOfSteps` when it would take too long to tell. */
export type Validate = (value: unknown, budget?: Budget) => SchemaError[];

type Run = (value: unknown) => readonly ErrorObject[];

/** Everything that keeps a schema from being registered: bounds, draft, references, patterns; never throws. */
export function checkSchema(schema: JsonObject, use: SchemaUse = "payload"): SchemaError[] {
  const read = readBoundedSchema(schema, use);
  if ("faults" in read) return read.faults;
  try {
    compileGraph(read.graph);
    return [];
  } catch (error) {
    return [{ pointer: "", detail: `cannot be compiled: ${getReason(error)}` }];
  }
}

/** Makes the validator of a schema that `checkSchema` finds nothing against; throws `InvalidSchemaError` otherwise. */
export function compileSchema(schema: JsonObject): Validate {
  const read = readBoundedSchema(schema, "result");
  if ("faults" in read) throw new InvalidSchemaError(read.faults);
  try {
    return compileGraph(read.graph);
  } catch (error) {
    throw new InvalidSchemaError([{ pointer: "", detail: `cannot be compiled: ${getReason(error)}` }]);
  }
}

function compileGraph(graph: SchemaGraph): Validate {
  const meter = new StepMeter();
  const prepared = prepareSchema(graph);
  const first = compile(graph, prepared, meter, false);
  let all: Run | undefined;

  return (value, { steps, patternShare } = budgetHere) => {
    try {
      meter.start(steps, patternShare);
      const errors = first(value);
      if (errors.length === 0) return [];
      // The first pass stops at the first fault of each branch, so that a wrong payload costs no more than a right one;
      // only then, and only while it stays cheap, is everything else that is missing looked for.
      all ??= compile(graph, prepared, meter, true);
      return describeErrors(runWithin(all, value, meter, Math.min(steps, stepsForAll)) ?? errors);
    } catch (error) {
      if (error instanceof RangeError) return [{ pointer: "", detail: "is nested too deeply to be checked" }];
      throw error;
    }
  };
}

function runWithin(
  run: Run,
  value: unknown,
  meter: StepMeter,
  steps: number,
): readonly ErrorObject[] | undefined {
  try {
    meter.start(steps);
    return run(value);
  } catch (error) {
    if (error instanceof OutOfStepsError) return undefined;
    throw error;
  }
}

// A new Ajv each time: a shared one would keep every schema's parts for ever, and let two with the same `$id` meet.
function compile(graph: SchemaGraph, prepared: JsonObject, meter: StepMeter, allErrors: boolean): Run {
  const options = {
    strict: false,
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    // Inlined, a subschema that is referred to a thousand times is compiled a thousand times.
    inlineRefs: false,
    // Without it, `required: ["toString"]` holds for every object.
    ownProperties: true,
    logger: false,
    verbose: true,
    allErrors,
    formats: createFormats(meter),
    code: { optimize: false, regExp: createRegExpEngine(meter) },
  } as const;
  const ajv = new Ajv2020(options);
  // Ajv's 2020 class always collects evaluated names, which costs every object its keys at every branch.
  ajv.opts.unevaluated = [...graph.nodes.keys()].some(usesUnevaluated);
  for (const definition of createKeywords(meter)) {
    if (typeof definition.keyword === "string") ajv.removeKeyword(definition.keyword);
    ajv.addKeyword(definition);
  }
  ajv.addKeyword(createStepsKeyword(meter));
  const validate = ajv.compile(prepared);
  return (value) => (validate(value) === true ? [] : (validate.errors ?? []));
}

function getReason(error: unknown): string {
  if (error instanceof RangeError) return "its references are chained too deeply";
  return error instanceof Error ? error.message : String(error);
}
