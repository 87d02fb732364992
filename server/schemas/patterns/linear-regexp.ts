import { RE2JS } from "re2js";
import type { StepMeter } from "../step-meter.ts";
import { mapTokens } from "./parse-pattern.ts";
import { compileProgram, type PatternProgram } from "./pattern-program.ts";
import { runPattern } from "./run-pattern.ts";

/**
 * Limits of a pattern and of the program to which it is compiled. The program of `[a-z]{1,1000}`
 * has 2,000 instructions.
 */
export const PATTERN_LIMITS = { characters: 1000, instructions: 10_000 } as const;

// Number of steps after which a compiled pattern is discarded, because RE2 caches up to 8 MB of
// states for each pattern.
const STEPS_UNTIL_CACHE_DROP = 200_000;

// White space in ECMAScript. RE2's `\s` matches only six ASCII characters.
const WHITE_SPACE =
  "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";

const TOO_MANY_REPETITIONS =
  "is a pattern with too many repetitions; use minLength and maxLength, or lower the counts";

/** Returns the reason why a pattern cannot be used. Returns undefined if it is valid. */
export function findPatternError(pattern: string): string | undefined {
  if (pattern.length > PATTERN_LIMITS.characters) {
    return `is a pattern of ${pattern.length} characters; shorten it to ${PATTERN_LIMITS.characters}`;
  }
  const compiled = compileForRe2(pattern);
  if (compiled !== undefined) {
    return compiled.programSize() > PATTERN_LIMITS.instructions ? TOO_MANY_REPETITIONS : undefined;
  }
  try {
    compileProgram(pattern, PATTERN_LIMITS.instructions);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return TOO_MANY_REPETITIONS;
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : "";
    return `is not an ECMAScript regular expression (${reason}); correct it, or check the value in the worker`;
  }
}

/**
 * Returns the regular expression engine for Ajv. RE2 matches in linear time, so the worst-case
 * steps of a match are charged before it runs. RE2 does not support lookaround and backreferences,
 * so patterns that contain them are run by `runPattern`, which charges each step. V8's engine never
 * runs a whole pattern, because a running match cannot be interrupted.
 */
export function createRegExpEngine(meter: StepMeter) {
  // Ajv caches compiled patterns by the result of `toString`.
  const engine = (pattern: string) => ({ test: makeTest(pattern, meter), toString: () => pattern });
  // Ajv requires `code` on every engine, but uses it only to generate standalone code.
  return Object.assign(engine, { code: "linearRegExp" });
}

function makeTest(pattern: string, meter: StepMeter): (text: string) => boolean {
  let compiled: RE2JS | PatternProgram | undefined;
  let spent = 0;
  // For patterns with a word boundary, RE2 also checks the characters next to each character, which
  // takes four times as long.
  const factor = /\\[bB]/.test(pattern) ? 4 : 1;
  return function testText(text) {
    compiled ??= compileForRe2(pattern) ?? compileProgram(pattern, PATTERN_LIMITS.instructions);
    if ("instructions" in compiled) return runPattern(compiled, text, meter);
    const steps = factor * text.length * compiled.programSize();
    meter.chargePattern(steps);
    const isFound = compiled.test(text);
    spent += steps;
    if (spent > STEPS_UNTIL_CACHE_DROP) {
      compiled = undefined;
      spent = 0;
    }
    return isFound;
  };
}

/**
 * Compiles an ECMAScript pattern for RE2. Returns undefined if RE2 does not support the pattern.
 */
function compileForRe2(pattern: string): RE2JS | undefined {
  const hasNamedGroup = /\(\?P?<[^=!]/.test(pattern);
  try {
    const translated = mapTokens(pattern, (token, isInClass) => {
      if (token === "\\s") return isInClass ? WHITE_SPACE : `[${WHITE_SPACE}]`;
      if (token === "\\S" && !isInClass) return `[^${WHITE_SPACE}]`;
      if (token === "\\S") throw new SyntaxError("a negated class cannot be expanded inside another class");
      // RE2JS would parse a named backreference as the letter `k`.
      if (token === "\\k" && hasNamedGroup && !isInClass) throw new SyntaxError("RE2 has no backreferences");
      return token;
    });
    return RE2JS.compile(RE2JS.translateRegExp(translated));
  } catch {
    return undefined;
  }
}
