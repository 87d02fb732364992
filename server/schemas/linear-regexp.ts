import type { RE2JS } from "re2js";
import type { StepMeter } from "./step-meter.ts";
import { compilePattern } from "./translate-pattern.ts";

/** The longest pattern, and the most instructions that one may come to: `[a-z]{1,1000}` is 2,000. */
export const patternLimits = { characters: 1000, instructions: 10_000 } as const;

// RE2 keeps up to 8 MB of states for one pattern; what this much matching has built up is let go.
const stepsUntilForgotten = 200_000;

interface RegExpLike {
  test(text: string): boolean;
  toString(): string;
}

/** Why a pattern cannot be used; undefined when it can. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > patternLimits.characters) {
    return `is a pattern of more than ${patternLimits.characters} characters`;
  }
  if (/\(\?<?[=!]/.test(pattern) && !compiles(pattern))
    return "uses lookaround, which RE2 patterns do not have";
  if (/\\[1-9]|\\k</.test(pattern) && !compiles(pattern))
    return "uses a backreference, which RE2 patterns do not have";
  try {
    const instructions = compilePattern(pattern).programSize();
    return instructions > patternLimits.instructions ? "is a pattern with too many repetitions" : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it does not parse";
    return `is not a pattern that RE2 can match: ${reason}`;
  }
}

/** The engine that Ajv matches `pattern` with: time linear in the text, whatever the pattern, and charged before it is spent. */
export function linearRegExp(meter: StepMeter): { (pattern: string): RegExpLike; code: string } {
  const engine = (pattern: string): RegExpLike => {
    let compiled: RE2JS | undefined;
    let spent = 0;
    // RE2 looks at the neighbours of each character for a word boundary: measured, four times the work.
    const factor = /\\[bB]/.test(pattern) ? 4 : 1;
    return {
      test(text) {
        compiled ??= compilePattern(pattern);
        const steps = factor * text.length * compiled.programSize();
        meter.chargePattern(steps);
        const found = compiled.test(text);
        spent += steps;
        if (spent > stepsUntilForgotten) {
          compiled = undefined;
          spent = 0;
        }
        return found;
      },
      // Ajv caches engines by this text: without it, all patterns of a schema would share the first one's.
      toString: () => pattern,
    };
  };
  // Ajv asks for this on every engine, and uses it only to write standalone code.
  return Object.assign(engine, { code: "linearRegExp" });
}

function compiles(pattern: string): boolean {
  try {
    compilePattern(pattern);
    return true;
  } catch {
    return false;
  }
}
