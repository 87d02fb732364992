import type { StepMeter } from "../step-meter.ts";
import type { Instruction, PatternProgram } from "./pattern-program.ts";

/**
 * Three numbers for each group: the start and the end of its last match, and the start of a match
 * that has not ended yet. -1 means none.
 */
type Captures = readonly number[];

// Cost of a choice in steps of about 50 ns. A choice takes longer than other instructions, because
// it is added to a set.
const CHOICE_STEPS = 6;
// Cost of a choice if the pattern captures groups. The set of failed choices then contains strings
// instead of numbers, and has many more entries.
const CAPTURING_CHOICE_STEPS = 32;
// Cost of testing a non-ASCII character, which takes V8 about 200 ns.
const NON_ASCII_STEPS = 4;

/**
 * Returns true if a pattern matches anywhere in a text. It backtracks, but never tries a choice
 * again that has failed at the same position. Therefore the time is linear in the length of the
 * text, or polynomial if the pattern has lookaround or backreferences. Throws `OutOfStepsError` if
 * the meter's budget is exceeded.
 */
export function runPattern(program: PatternProgram, text: string, meter: StepMeter): boolean {
  const matcher = new Matcher(program, text, meter);
  const last = program.isAnchored ? 0 : text.length;
  const failed = new Set<number | string>();
  const none: Captures = Array(program.groups * 3).fill(-1);
  for (let at = 0; at <= last; at += program.isUnicode && (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) {
    if (matcher.match(0, at, none, failed) !== undefined) return true;
  }
  return false;
}

class Matcher {
  readonly #program: PatternProgram;
  readonly #text: string;
  readonly #meter: StepMeter;
  readonly #choiceSteps: number;

  constructor(program: PatternProgram, text: string, meter: StepMeter) {
    this.#program = program;
    this.#text = text;
    this.#meter = meter;
    this.#choiceSteps = program.groups === 0 ? CHOICE_STEPS : CAPTURING_CHOICE_STEPS + 3 * program.groups;
  }

  /**
   * Runs the program until the first `match` instruction, and returns the captured groups. Returns
   * undefined if no `match` is reached.
   */
  match(
    start: number,
    position: number,
    captures: Captures,
    failed: Set<number | string>,
  ): Captures | undefined {
    const untried = [{ index: start, at: position, groups: captures }];
    for (let point = untried.pop(); point !== undefined; point = untried.pop()) {
      let { index, at, groups } = point;
      for (;;) {
        this.#meter.charge(1);
        const instruction: Instruction | undefined = this.#program.instructions[index];
        if (instruction === undefined || instruction.op === "match") return groups;
        if (instruction.op === "split") {
          this.#meter.charge(this.#choiceSteps);
          const offset = index * (this.#text.length + 1) + at;
          const state = groups.length === 0 ? offset : `${offset},${groups.join()}`;
          if (failed.has(state)) break;
          failed.add(state);
          untried.push({ index: instruction.second, at, groups });
          index = instruction.first;
          continue;
        }
        if (instruction.op === "jump") {
          index = instruction.to;
          continue;
        }
        if (instruction.op === "lookaround") {
          const inner = this.match(index + 1, at, groups, new Set());
          if ((inner === undefined) !== instruction.isNegative) break;
          if (inner !== undefined) groups = inner;
          index = instruction.next;
          continue;
        }
        const next = this.#step(instruction, at, groups);
        if (next === -1) break;
        if (instruction.op === "open" || instruction.op === "close" || instruction.op === "clear") {
          this.#meter.charge(groups.length >> 2);
          groups = capture(instruction, at, groups);
        }
        at = next;
        index += 1;
      }
    }
    return undefined;
  }

  /**
   * Runs an instruction. Returns the position after the matched characters, or -1 if the
   * instruction does not match.
   */
  #step(instruction: Instruction, at: number, groups: Captures): number {
    if (instruction.op === "character") {
      const code = instruction.isBackward ? this.#codeBefore(at) : this.#codeAt(at);
      if (code >= 0x80) this.#meter.charge(NON_ASCII_STEPS);
      if (Number.isNaN(code) || !instruction.test(code)) return -1;
      const length = code > 0xffff ? 2 : 1;
      return instruction.isBackward ? at - length : at + length;
    }
    if (instruction.op === "position") return instruction.test(this.#text, at) ? at : -1;
    if (instruction.op === "backreference") return this.#matchBackreference(instruction, at, groups);
    return at;
  }

  #codeAt(at: number): number {
    if (!this.#program.isUnicode) return this.#text.charCodeAt(at);
    return this.#text.codePointAt(at) ?? Number.NaN;
  }

  #codeBefore(at: number): number {
    const code = this.#text.charCodeAt(at - 1);
    const isLow = code >= 0xdc00 && code <= 0xdfff;
    if (!this.#program.isUnicode || !isLow) return code;
    const pair = this.#text.codePointAt(at - 2) ?? code;
    return pair > 0xffff ? pair : code;
  }

  #matchBackreference(
    { groups: numbers, ignoreCase, isBackward }: Extract<Instruction, { op: "backreference" }>,
    at: number,
    groups: Captures,
  ): number {
    const group = numbers.find((number) => (groups[number * 3] ?? -1) >= 0);
    // A backreference to a group that has not matched matches the empty string.
    if (group === undefined) return at;
    const expected = this.#text.slice(groups[group * 3], groups[group * 3 + 1]);
    this.#meter.charge(expected.length >> 2);
    const from = isBackward ? at - expected.length : at;
    if (from < 0) return -1;
    const found = this.#text.slice(from, from + expected.length);
    const isSame = found === expected || (ignoreCase && found.toLowerCase() === expected.toLowerCase());
    if (!isSame) return -1;
    return isBackward ? from : from + expected.length;
  }
}

function capture(
  instruction: Extract<Instruction, { op: "open" | "close" | "clear" }>,
  at: number,
  groups: Captures,
): Captures {
  const changed = [...groups];
  if (instruction.op === "clear") {
    for (const group of instruction.groups) changed.fill(-1, group * 3, group * 3 + 2);
  } else if (instruction.op === "open") {
    changed[instruction.group * 3 + 2] = at;
  } else {
    // Inside a lookbehind, which matches from right to left, the position at which a group closes
    // is before the position at which it opened.
    const opened = groups[instruction.group * 3 + 2] ?? at;
    changed[instruction.group * 3] = Math.min(opened, at);
    changed[instruction.group * 3 + 1] = Math.max(opened, at);
  }
  return changed;
}
