import { type AST, visitRegExpAST } from "@eslint-community/regexpp";
import { parsePattern } from "./parse-pattern.ts";

/**
 * One instruction of a pattern. Execution continues with the next instruction, except after a
 * `split`, `jump`, `lookaround` or `match`. `isBackward` is true inside a lookbehind.
 */
export type Instruction =
  | { op: "character"; test: (code: number) => boolean; isBackward: boolean }
  /** Continues at `first`. If no match is found from there, continues at `second`. */
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  | { op: "position"; test: (text: string, at: number) => boolean }
  /**
   * Runs the following instructions up to their `match`, which are the content of a lookaround.
   * Then continues at `next`.
   */
  | { op: "lookaround"; isNegative: boolean; next: number }
  | { op: "open"; group: number }
  | { op: "close"; group: number }
  /**
   * Clears the captures of these groups, as ECMAScript does at the start of each repetition of a
   * quantifier.
   */
  | { op: "clear"; groups: readonly number[] }
  | { op: "backreference"; groups: readonly number[]; ignoreCase: boolean; isBackward: boolean }
  | { op: "match" };

/**
 * A compiled pattern. Only groups that have a backreference are captured and counted in `groups`.
 */
export interface PatternProgram {
  readonly instructions: readonly Instruction[];
  readonly groups: number;
  readonly isUnicode: boolean;
  /** True if a match can only begin at the start of the text. */
  readonly isAnchored: boolean;
}

/** The flags, modifiers and direction in effect at a position of a pattern. */
interface Modes {
  readonly isBackward: boolean;
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly isUnicode: boolean;
}

const ASCII_SIZE = 128;

/** Compiles a pattern. Throws a `SyntaxError`, or a `RangeError` if the pattern is too large. */
export function compileProgram(pattern: string, maxInstructions: number): PatternProgram {
  const { tree, isUnicode } = parsePattern(pattern);
  const compiler = new Compiler(maxInstructions);
  const modes: Modes = { ignoreCase: false, multiline: false, dotAll: false, isUnicode, isBackward: false };
  compiler.alternatives(tree.alternatives, modes);
  compiler.write({ op: "match" });
  return {
    instructions: compiler.instructions,
    groups: compiler.groups.size,
    isUnicode,
    isAnchored: tree.alternatives.every(({ elements: [first] }) => isStartAssertion(first)),
  };
}

function isStartAssertion(element: AST.Element | undefined): boolean {
  return element?.type === "Assertion" && element.kind === "start";
}

class Compiler {
  readonly instructions: Instruction[] = [];
  /** The groups that have a backreference, with their numbers. */
  readonly groups = new Map<AST.CapturingGroup, number>();
  readonly #maxInstructions: number;
  #iterations = 0;

  constructor(maxInstructions: number) {
    this.#maxInstructions = maxInstructions;
  }

  write<I extends Instruction>(instruction: I): I {
    this.instructions.push(instruction);
    this.#count();
    return instruction;
  }

  alternatives(alternatives: readonly AST.Alternative[], modes: Modes): void {
    const jumps: { to: number }[] = [];
    alternatives.forEach(({ elements }, index) => {
      const isLast = index === alternatives.length - 1;
      const split = isLast ? undefined : this.write({ op: "split", first: this.#here + 1, second: 0 });
      const ordered = modes.isBackward ? elements.toReversed() : elements;
      for (const element of ordered) this.#element(element, modes);
      if (split === undefined) return;
      jumps.push(this.write({ op: "jump", to: 0 }));
      split.second = this.#here;
    });
    for (const jump of jumps) jump.to = this.#here;
  }

  get #here(): number {
    return this.instructions.length;
  }

  // Counts the repetitions of quantifiers. Repetitions with an empty body write no instructions,
  // but also take time to compile.
  #count(): void {
    this.#iterations += 1;
    if (this.#iterations > this.#maxInstructions) throw new RangeError("too many repetitions");
  }

  #element(element: AST.Element, modes: Modes): void {
    if (element.type === "Quantifier") this.#quantifier(element, modes);
    else if (element.type === "CapturingGroup") this.#capturingGroup(element, modes);
    else if (element.type === "Assertion") this.#assertion(element, modes);
    else if (element.type === "Group") {
      this.alternatives(element.alternatives, getModesWithin(element, modes));
    } else if (element.type === "Backreference") {
      const groups = [element.resolved].flat().map((group) => this.#groupNumber(group));
      this.write({ op: "backreference", groups, ignoreCase: modes.ignoreCase, isBackward: modes.isBackward });
    } else if (element.type === "ExpressionCharacterClass") {
      throw new SyntaxError("character class expressions need the flag v, which JSON Schema does not set");
    } else {
      this.write({ op: "character", test: makeCharacterTest(element, modes), isBackward: modes.isBackward });
    }
  }

  #groupNumber(group: AST.CapturingGroup): number {
    const number = this.groups.get(group) ?? this.groups.size;
    this.groups.set(group, number);
    return number;
  }

  #capturingGroup(element: AST.CapturingGroup, modes: Modes): void {
    const group = element.references.length === 0 ? undefined : this.#groupNumber(element);
    if (group !== undefined) this.write({ op: "open", group });
    this.alternatives(element.alternatives, modes);
    if (group !== undefined) this.write({ op: "close", group });
  }

  #quantifier({ element, min, max, greedy }: AST.Quantifier, modes: Modes): void {
    const groups = listReferencedGroups(element).map((group) => this.#groupNumber(group));
    const writeIteration = () => {
      this.#count();
      if (groups.length > 0) this.write({ op: "clear", groups });
      this.#element(element, modes);
    };
    for (let index = 0; index < min; index += 1) writeIteration();
    if (max === Number.POSITIVE_INFINITY) {
      const start = this.#here;
      const leave = this.#writeChoice(greedy);
      writeIteration();
      this.write({ op: "jump", to: start });
      leave();
      return;
    }
    const leaves: (() => void)[] = [];
    for (let index = min; index < max; index += 1) {
      leaves.push(this.#writeChoice(greedy));
      writeIteration();
    }
    for (const leave of leaves) leave();
  }

  /**
   * Writes a choice between another repetition and the end of a quantifier. Call the returned
   * function at the position of the end.
   */
  #writeChoice(greedy: boolean): () => void {
    const split = this.write({ op: "split", first: this.#here + 1, second: this.#here + 1 });
    return () => {
      if (greedy) split.second = this.#here;
      else split.first = this.#here;
    };
  }

  #assertion(assertion: AST.Assertion, modes: Modes): void {
    if (assertion.kind === "lookahead" || assertion.kind === "lookbehind") {
      const lookaround = this.write({ op: "lookaround", isNegative: assertion.negate, next: 0 });
      this.alternatives(assertion.alternatives, { ...modes, isBackward: assertion.kind === "lookbehind" });
      this.write({ op: "match" });
      lookaround.next = this.#here;
    } else if (assertion.kind === "word") {
      const isBoundary = (text: string, at: number) =>
        isWordCharacter(text, at - 1) !== isWordCharacter(text, at);
      this.write({ op: "position", test: (text, at) => isBoundary(text, at) !== assertion.negate });
    } else {
      this.write({ op: "position", test: makeEdgeTest(assertion.kind, modes.multiline) });
    }
  }
}

/**
 * Returns true if the character at a position is a word character. Returns false before the start
 * and after the end of the text.
 */
function isWordCharacter(text: string, at: number): boolean {
  return /\w/.test(text.charAt(at));
}

function makeEdgeTest(kind: "start" | "end", multiline: boolean): (text: string, at: number) => boolean {
  const isLineEnd = (text: string, at: number) => multiline && /[\n\r\u2028\u2029]/.test(text[at] ?? "");
  if (kind === "start") return (text, at) => at === 0 || isLineEnd(text, at - 1);
  return (text, at) => at === text.length || isLineEnd(text, at);
}

/**
 * Creates the test of a single character. It uses V8's regular expressions, which cannot backtrack
 * for a single character.
 */
function makeCharacterTest(
  element: AST.Character | AST.CharacterClass | AST.CharacterSet,
  modes: Modes,
): (code: number) => boolean {
  if (element.type === "Character" && !modes.ignoreCase) return (code) => code === element.value;
  const flags = `${modes.isUnicode ? "u" : ""}${modes.ignoreCase ? "i" : ""}${modes.dotAll ? "s" : ""}`;
  const expression = new RegExp(`^(?:${element.raw})$`, flags);
  const cachedResults = new Int8Array(ASCII_SIZE);
  return (code) => {
    if (code >= ASCII_SIZE) return expression.test(String.fromCodePoint(code));
    if (cachedResults[code] === 0) cachedResults[code] = expression.test(String.fromCharCode(code)) ? 1 : -1;
    return cachedResults[code] === 1;
  };
}

function getModesWithin({ modifiers }: AST.Group, modes: Modes): Modes {
  if (modifiers === null) return modes;
  const { add, remove } = modifiers;
  const pick = (name: "ignoreCase" | "multiline" | "dotAll") =>
    (modes[name] || add[name]) && remove?.[name] !== true;
  const picked = { ignoreCase: pick("ignoreCase"), multiline: pick("multiline"), dotAll: pick("dotAll") };
  return { ...modes, ...picked };
}

/** Returns the groups within an element that have a backreference. */
function listReferencedGroups(element: AST.Element): AST.CapturingGroup[] {
  const groups: AST.CapturingGroup[] = [];
  visitRegExpAST(element, {
    onCapturingGroupEnter(group) {
      if (group.references.length > 0) groups.push(group);
    },
  });
  return groups;
}
