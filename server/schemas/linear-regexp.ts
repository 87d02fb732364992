import type { RE2JS } from "re2js";
import { compileProgram, type PatternProgram, TooManyRepetitionsError } from "./pattern-program.ts";
import { runPattern } from "./run-pattern.ts";
import type { StepMeter } from "./step-meter.ts";
import { compilePattern } from "./translate-pattern.ts";

/** The longest pattern, and the most instructions that one may have: `[a-z]{1,1000}` has 2,000. */
export const PATTERN_LIMITS = { characters: 1000, instructions: 10_000 } as const;

// RE2 keeps up to 8 MB of states for one pattern. They are dropped after this much matching.
const STEPS_UNTIL_FORGOTTEN = 200_000;

interface RegExpLike {
  test(text: string): boolean;
  toString(): string;
}

/** Returns why a pattern cannot be used, or undefined if it can. */
export function findPatternError(pattern: string): string | undefined {
  if (pattern.length > PATTERN_LIMITS.characters) {
    return `is a pattern of ${pattern.length} characters; shorten it to ${PATTERN_LIMITS.characters}`;
  }
  const compiled = compileForRe2(pattern);
  if (compiled !== undefined) {
    return compiled.programSize() > PATTERN_LIMITS.instructions ? tooManyRepetitions : undefined;
  }
  try {
    compileProgram(pattern, PATTERN_LIMITS.instructions);
    return undefined;
  } catch (error) {
    if (error instanceof TooManyRepetitionsError) return tooManyRepetitions;
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : "";
    return `is not an ECMAScript regular expression (${reason}); correct it, or check the value in the worker`;
  }
}

const tooManyRepetitions =
  "is a pattern with too many repetitions; use minLength and maxLength, or lower its counts";

/**
 * Returns the engine that Ajv matches patterns with. RE2 takes time linear in the text, and is charged before it runs.
 * It has no lookaround and no backreferences: patterns with these are run by `runPattern`, which is charged for each
 * step. V8's own engine is never used, because nothing can stop it.
 */
export function createRegExpEngine(meter: StepMeter): { (pattern: string): RegExpLike; code: string } {
  const engine = (pattern: string): RegExpLike => {
    const test = makeTest(pattern, meter);
    return {
      test,
      // Ajv caches engines by this text: without it, all patterns of a schema would share the first one's.
      toString: () => pattern,
    };
  };
  // Ajv asks for this on every engine, and uses it only to write standalone code.
  return Object.assign(engine, { code: "linearRegExp" });
}

function makeTest(pattern: string, meter: StepMeter): (text: string) => boolean {
  let compiled: RE2JS | PatternProgram | undefined;
  let spent = 0;
  // RE2 looks at the neighbours of each character for a word boundary: measured, four times the work.
  const factor = /\\[bB]/.test(pattern) ? 4 : 1;
  return (text) => {
    compiled ??= compileForRe2(pattern) ?? compileProgram(pattern, PATTERN_LIMITS.instructions);
    if ("instructions" in compiled) return runPattern(compiled, text, meter);
    const steps = factor * text.length * compiled.programSize();
    meter.chargePattern(steps);
    const isFound = compiled.test(text);
    spent += steps;
    if (spent > STEPS_UNTIL_FORGOTTEN) {
      compiled = undefined;
      spent = 0;
    }
    return isFound;
  };
}

function compileForRe2(pattern: string): RE2JS | undefined {
  try {
    return compilePattern(pattern);
  } catch {
    return undefined;
  }
}
