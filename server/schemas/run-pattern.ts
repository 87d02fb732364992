import type { Instruction, PatternProgram } from "./pattern-program.ts";
import type { StepMeter } from "./step-meter.ts";

/** Start, end and unfinished start of each captured group, three numbers a group; -1 is none. */
type Captures = readonly number[];

// A step of the meter is some 50 ns. A choice enters a set, which takes longer than the other instructions.
const CHOICE_STEPS = 6;
// With captured groups, the state of a choice is a text, and there are many more of them.
const CAPTURING_CHOICE_STEPS = 32;
// Tests of characters beyond ASCII are V8's: some 200 ns.
const FOREIGN_CHARACTER_STEPS = 4;

/**
 * Says whether a pattern matches somewhere in a text. It backtracks, but a choice that has failed at some position is
 * never tried there again. So the time is linear in the text for patterns without lookaround, and polynomial otherwise;
 * in any case the meter ends it, by throwing `OutOfSteps`.
 */
export function runPattern(program: PatternProgram, text: string, meter: StepMeter): boolean {
  const run = new Run(program, text, meter);
  const last = program.isAnchored ? 0 : text.length;
  const failed = new Set<number | string>();
  const none: Captures = Array(program.groups * 3).fill(-1);
  for (let at = 0; at <= last; at += program.isUnicode && (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) {
    if (run.match(0, at, none, failed) !== undefined) return true;
  }
  return false;
}

class Run {
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

  /** Returns what the groups matched when a `match` is reached, and undefined if none is. */
  match(
    start: number,
    position: number,
    captures: Captures,
    failed: Set<number | string>,
  ): Captures | undefined {
    // Three stacks of the places to come back to: for a long text, objects would take several times the memory.
    const indexes = [start];
    const positions = [position];
    const captured = [captures];
    for (let index = indexes.pop(); index !== undefined; index = indexes.pop()) {
      let at = positions.pop() ?? 0;
      let groups = captured.pop() ?? captures;
      for (;;) {
        this.#meter.charge(1);
        const instruction: Instruction | undefined = this.#program.instructions[index];
        if (instruction === undefined || instruction.op === "match") return groups;
        if (instruction.op === "split") {
          this.#meter.charge(this.#choiceSteps);
          const state = this.#describeState(index, at, groups);
          if (failed.has(state)) break;
          failed.add(state);
          indexes.push(instruction.second);
          positions.push(at);
          captured.push(groups);
          index = instruction.first;
          continue;
        }
        if (instruction.op === "jump") {
          index = instruction.to;
          continue;
        }
        if (instruction.op === "look") {
          const seen = this.match(index + 1, at, groups, new Set());
          if ((seen === undefined) !== instruction.isNegative) break;
          if (seen !== undefined) groups = seen;
          index = instruction.next;
          continue;
        }
        const next = this.#step(instruction, at, groups);
        if (next === -1) break;
        if (instruction.op === "open" || instruction.op === "close" || instruction.op === "forget") {
          this.#meter.charge(groups.length >> 2);
          groups = capture(instruction, at, groups);
        }
        at = next;
        index += 1;
      }
    }
    return undefined;
  }

  #describeState(index: number, at: number, groups: Captures): number | string {
    const state = index * (this.#text.length + 1) + at;
    return groups.length === 0 ? state : `${state},${groups.join()}`;
  }

  /** Returns the position behind an instruction, or -1 if it does not match. */
  #step(instruction: Instruction, at: number, groups: Captures): number {
    if (instruction.op === "character") {
      const code = instruction.isBackward ? this.#codeBefore(at) : this.#codeAt(at);
      if (code >= 0x80) this.#meter.charge(FOREIGN_CHARACTER_STEPS);
      if (Number.isNaN(code) || !instruction.test(code)) return -1;
      const length = code > 0xffff ? 2 : 1;
      return instruction.isBackward ? at - length : at + length;
    }
    if (instruction.op === "position") return instruction.test(this.#text, at) ? at : -1;
    if (instruction.op === "same") return this.#sameAgain(instruction, at, groups);
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

  #sameAgain(
    { groups: numbers, ignoreCase, isBackward }: Extract<Instruction, { op: "same" }>,
    at: number,
    groups: Captures,
  ): number {
    const group = numbers.find((number) => (groups[number * 3] ?? -1) >= 0);
    // A group that has matched nothing yet is matched by nothing.
    if (group === undefined) return at;
    const wanted = this.#text.slice(groups[group * 3], groups[group * 3 + 1]);
    this.#meter.charge(wanted.length >> 2);
    const from = isBackward ? at - wanted.length : at;
    if (from < 0) return -1;
    const found = this.#text.slice(from, from + wanted.length);
    const isSame = found === wanted || (ignoreCase && found.toLowerCase() === wanted.toLowerCase());
    if (!isSame) return -1;
    return isBackward ? from : from + wanted.length;
  }
}

function capture(
  instruction: Extract<Instruction, { op: "open" | "close" | "forget" }>,
  at: number,
  groups: Captures,
): Captures {
  const changed = [...groups];
  if (instruction.op === "forget") {
    for (const group of instruction.groups) changed.fill(-1, group * 3, group * 3 + 2);
  } else if (instruction.op === "open") {
    changed[instruction.group * 3 + 2] = at;
  } else {
    // Inside a lookbehind, a group ends left of where it began.
    const opened = groups[instruction.group * 3 + 2] ?? at;
    changed[instruction.group * 3] = Math.min(opened, at);
    changed[instruction.group * 3 + 1] = Math.max(opened, at);
  }
  return changed;
}
