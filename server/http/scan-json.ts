import { countDigits } from "../../protocol/exact-json.ts";

/** Why a text is not taken; `unfit` is JSON that is read well and still refused. */
export interface JsonError {
  readonly kind: "malformed" | "unfit";
  readonly detail: string;
  readonly position: number;
  readonly pointer: string;
}

/** How deep values may be nested. */
export const MAX_DEPTH = 128;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// Raw control characters end it; an escape is looked at by itself.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SPACE = /[ \t\n\r]*/y;
const UNICODE_ESCAPE = /\\(?:u([0-9a-fA-F]{4})|.)/g;
const LITERALS = ["true", "false", "null"];
/** In members whose numbers are kept as text: so long may one be when it is written without an exponent. */
const MAX_DIGITS = 1000;
/** `__proto__` with every character escaped. */
const LONGEST_PROTO = 56;

interface Level {
  readonly close: "}" | "]";
  /** The last key's text with its quotes, or the index. */
  key: string;
  index: number;
}

const pointerOf = (levels: readonly Level[]): string =>
  levels
    .map(({ close, key, index }) => {
      const token = close === "]" ? String(index) : String(JSON.parse(key === "" ? '""' : key));
      return `/${token.slice(0, 200).replaceAll("~", "~0").replaceAll("/", "~1")}`;
    })
    .join("")
    .slice(0, 1000);

/** What no text column can hold: U+0000 and halves of surrogate pairs, which only escapes bring into UTF-8. */
const badEscape = (token: string): string | undefined => {
  let high = -1;
  for (const match of token.matchAll(UNICODE_ESCAPE)) {
    const unit = match[1] === undefined ? 0x20 : Number.parseInt(match[1], 16);
    if (unit === 0) return "U+0000 cannot be kept";
    const isPair = high === match.index;
    high = -1;
    if (unit >= 0xdc00 && unit <= 0xdfff) {
      if (!isPair) return "a low surrogate stands alone";
    } else if (isPair) return "a high surrogate stands alone";
    if (unit >= 0xd800 && unit <= 0xdbff) high = match.index + 6;
    if (high >= 0 && !token.startsWith("\\u", high)) return "a high surrogate stands alone";
  }
  return undefined;
};

/**
 * Says what of a JSON text (RFC 8259) is not taken, with its position: what `JSON.parse` would let pass, round or hang
 * on the prototype. One pass and no recursion, so that depth costs nothing; the text is parsed afterwards.
 */
export class JsonScanner {
  readonly #text: string;
  #at = 0;
  readonly #levels: Level[] = [];

  readonly #exactMembers: readonly string[];

  /** Numbers may be of any size in `exactMembers`, which are members of the outermost object. */
  constructor(text: string, exactMembers: readonly string[] = []) {
    this.#text = text;
    this.#exactMembers = exactMembers;
  }

  scan(): JsonError | undefined {
    for (;;) {
      const fault = this.#value();
      if (fault !== undefined) return fault;
      const ended = this.#afterValue();
      if (ended !== undefined) return ended === "end" ? undefined : ended;
    }
  }

  /** A scalar, or the opening of a container with whatever comes before its first value. */
  #value(): JsonError | undefined {
    for (;;) {
      this.#skipSpace();
      const sign = this.#text[this.#at];
      if (sign === '"') return this.#string();
      if (sign !== "{" && sign !== "[") return this.#scalar();
      this.#at += 1;
      this.#levels.push({ close: sign === "{" ? "}" : "]", key: "", index: 0 });
      if (this.#levels.length > MAX_DEPTH) {
        return { ...this.#fault(`is nested more than ${MAX_DEPTH} deep`), kind: "unfit", pointer: "" };
      }
      this.#skipSpace();
      // An empty container is a value: its close is seen by `#afterValue`.
      if (this.#text[this.#at] === (sign === "{" ? "}" : "]")) return undefined;
      const fault = sign === "{" ? this.#key() : undefined;
      if (fault !== undefined) return fault;
    }
  }

  #afterValue(): JsonError | "end" | undefined {
    for (;;) {
      this.#skipSpace();
      const level = this.#levels.at(-1);
      const sign = this.#text[this.#at];
      if (level === undefined) return sign === undefined ? "end" : this.#fault("more follows after the end");
      this.#at += 1;
      if (sign === level.close) {
        this.#levels.pop();
        continue;
      }
      if (sign !== ",") {
        this.#at -= 1;
        return this.#fault(`a comma or ${level.close} is missing`);
      }
      level.index += 1;
      return level.close === "}" ? this.#key() : undefined;
    }
  }

  #key(): JsonError | undefined {
    this.#skipSpace();
    const start = this.#at;
    if (this.#text[start] !== '"') return this.#fault("a key in quotes is missing");
    const fault = this.#string();
    if (fault !== undefined) return fault;
    const key = this.#text.slice(start, this.#at);
    if (key.length <= LONGEST_PROTO && JSON.parse(key) === "__proto__") {
      this.#at = start;
      return this.#fault("the key __proto__ is not taken");
    }
    const level = this.#levels.at(-1);
    if (level !== undefined) level.key = key;
    this.#skipSpace();
    if (this.#text[this.#at] !== ":") return this.#fault("a colon is missing");
    this.#at += 1;
    return undefined;
  }

  #string(): JsonError | undefined {
    const token = this.#take(STRING);
    if (token === undefined) return this.#fault("a string does not end, or holds what must be escaped");
    const bad = token.includes("\\u") ? badEscape(token) : undefined;
    if (bad === undefined) return undefined;
    this.#at -= token.length;
    return this.#fault(bad);
  }

  #scalar(): JsonError | undefined {
    const start = this.#at;
    const literal = LITERALS.find((word) => this.#text.startsWith(word, start));
    if (literal !== undefined) {
      this.#at += literal.length;
      return undefined;
    }
    const token = this.#take(NUMBER);
    if (token === undefined)
      return this.#fault(start >= this.#text.length ? "it ends too early" : "a value is missing");
    const value = Number(token);
    this.#at = start;
    if (this.#isInExactMember()) {
      if (countDigits(token) > MAX_DIGITS) {
        return this.#unfit(`has more than ${MAX_DIGITS} digits: write a smaller number`);
      }
      this.#at = start + token.length;
      return undefined;
    }
    if (!Number.isFinite(value)) return this.#fault("a number is too large");
    const isInteger = !/[.eE]/.test(token);
    if (isInteger && !Number.isSafeInteger(value) && String(value) !== token) {
      return this.#unfit("cannot be kept exactly: send an integer beyond ±2^53 as a string");
    }
    this.#at = start + token.length;
    return undefined;
  }

  #isInExactMember(): boolean {
    const outermost = this.#levels[0];
    if (this.#exactMembers.length === 0 || outermost?.close !== "}") return false;
    return this.#exactMembers.includes(JSON.parse(outermost.key));
  }

  #unfit(detail: string): JsonError {
    return { kind: "unfit", detail, position: this.#at, pointer: pointerOf(this.#levels) };
  }

  #skipSpace(): void {
    this.#take(SPACE);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    if (token !== undefined) this.#at += token.length;
    return token;
  }

  #fault(detail: string): JsonError {
    return { kind: "malformed", detail, position: this.#at, pointer: "" };
  }
}
