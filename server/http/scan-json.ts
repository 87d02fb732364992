import { countDigits } from "../../protocol/schema/exact-json.ts";

/** The reason why a text is rejected. `unsupported` is valid JSON that cannot be stored without a change. */
export interface JsonError {
  readonly kind: "malformed" | "unsupported";
  readonly detail: string;
  readonly position: number;
  readonly pointer: string;
}

export const MAX_DEPTH = 128;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// Excludes raw control characters. The scanner checks Unicode escapes separately.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SPACE = /[ \t\n\r]*/y;
const UNICODE_ESCAPE = /\\(?:u([0-9a-fA-F]{4})|.)/g;
const LITERALS = ["true", "false", "null"];
/** Maximum number of digits, without an exponent, of a number whose exact text is kept. */
const MAX_DIGITS = 1000;
/** Length of `__proto__` in quotes if every character is a Unicode escape. */
const MAX_PROTO_LENGTH = 56;

interface Level {
  readonly close: "}" | "]";
  /** The latest key of an object as written, with its quotes. */
  key: string;
  /** The index of the current array item. */
  index: number;
}

const toPointer = (levels: readonly Level[]): string =>
  levels
    .map(({ close, key, index }) => {
      const token = close === "]" ? String(index) : String(JSON.parse(key === "" ? '""' : key));
      return `/${token.slice(0, 200).replaceAll("~", "~0").replaceAll("/", "~1")}`;
    })
    .join("")
    .slice(0, 1000);

/**
 * Finds escapes that PostgreSQL cannot store: U+0000, and lone surrogates, which UTF-8 can contain only as escapes.
 */
const findInvalidEscape = (token: string): string | undefined => {
  let high = -1;
  for (const match of token.matchAll(UNICODE_ESCAPE)) {
    const unit = match[1] === undefined ? 0x20 : Number.parseInt(match[1], 16);
    if (unit === 0) return "U+0000 is not allowed";
    const isPair = high === match.index;
    high = -1;
    if (unit >= 0xdc00 && unit <= 0xdfff) {
      if (!isPair) return "unpaired low surrogate";
    } else if (isPair) return "unpaired high surrogate";
    if (unit >= 0xd800 && unit <= 0xdbff) high = match.index + 6;
    if (high >= 0 && !token.startsWith("\\u", high)) return "unpaired high surrogate";
  }
  return undefined;
};

/**
 * Finds the first part of a JSON text (RFC 8259) that must be rejected: a syntax error, or a value that
 * `JSON.parse` would round or assign to the prototype. Makes one pass without recursion, so that deep nesting
 * is cheap. Does not parse the text.
 */
export class JsonScanner {
  readonly #text: string;
  #at = 0;
  readonly #levels: Level[] = [];

  readonly #exactMembers: readonly string[];

  /** `exactMembers` are the members of the outermost object in which numbers may have any size. */
  constructor(text: string, exactMembers: readonly string[] = []) {
    this.#text = text;
    this.#exactMembers = exactMembers;
  }

  scan(): JsonError | undefined {
    for (;;) {
      const error = this.#value();
      if (error !== undefined) return error;
      const result = this.#afterValue();
      if (result !== undefined) return result === "end" ? undefined : result;
    }
  }

  /** Scans a scalar, or the start of a container up to its first value. */
  #value(): JsonError | undefined {
    for (;;) {
      this.#skipSpace();
      const character = this.#text[this.#at];
      if (character === '"') return this.#string();
      if (character !== "{" && character !== "[") return this.#scalar();
      this.#at += 1;
      this.#levels.push({ close: character === "{" ? "}" : "]", key: "", index: 0 });
      if (this.#levels.length > MAX_DEPTH) {
        return {
          ...this.#malformed(`must not be nested deeper than ${MAX_DEPTH} levels`),
          kind: "unsupported",
          pointer: "",
        };
      }
      this.#skipSpace();
      // `#afterValue` consumes the end of an empty container.
      if (this.#text[this.#at] === (character === "{" ? "}" : "]")) return undefined;
      const error = character === "{" ? this.#key() : undefined;
      if (error !== undefined) return error;
    }
  }

  #afterValue(): JsonError | "end" | undefined {
    for (;;) {
      this.#skipSpace();
      const level = this.#levels.at(-1);
      const character = this.#text[this.#at];
      if (level === undefined)
        return character === undefined ? "end" : this.#malformed("unexpected text after the end");
      this.#at += 1;
      if (character === level.close) {
        this.#levels.pop();
        continue;
      }
      if (character !== ",") {
        this.#at -= 1;
        return this.#malformed(`expected a comma or ${level.close}`);
      }
      level.index += 1;
      return level.close === "}" ? this.#key() : undefined;
    }
  }

  #key(): JsonError | undefined {
    this.#skipSpace();
    const start = this.#at;
    if (this.#text[start] !== '"') return this.#malformed("expected a key in double quotes");
    const error = this.#string();
    if (error !== undefined) return error;
    const key = this.#text.slice(start, this.#at);
    if (key.length <= MAX_PROTO_LENGTH && JSON.parse(key) === "__proto__") {
      this.#at = start;
      return this.#malformed("the key __proto__ is not allowed");
    }
    const level = this.#levels.at(-1);
    if (level !== undefined) level.key = key;
    this.#skipSpace();
    if (this.#text[this.#at] !== ":") return this.#malformed("expected a colon");
    this.#at += 1;
    return undefined;
  }

  #string(): JsonError | undefined {
    const token = this.#take(STRING);
    if (token === undefined)
      return this.#malformed("unterminated string, or a character that must be escaped");
    const invalid = token.includes("\\u") ? findInvalidEscape(token) : undefined;
    if (invalid === undefined) return undefined;
    this.#at -= token.length;
    return this.#malformed(invalid);
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
      return this.#malformed(start >= this.#text.length ? "unexpected end" : "expected a value");
    const value = Number(token);
    this.#at = start;
    if (this.#isInExactMember()) {
      if (countDigits(token) > MAX_DIGITS) {
        return this.#unsupported(`must have at most ${MAX_DIGITS} digits`);
      }
      this.#at = start + token.length;
      return undefined;
    }
    if (!Number.isFinite(value)) return this.#malformed("number out of range");
    const isInteger = !/[.eE]/.test(token);
    if (isInteger && !Number.isSafeInteger(value) && String(value) !== token) {
      return this.#unsupported("cannot be stored exactly: send integers beyond ±2^53 as strings");
    }
    this.#at = start + token.length;
    return undefined;
  }

  #isInExactMember(): boolean {
    const outermost = this.#levels[0];
    if (this.#exactMembers.length === 0 || outermost?.close !== "}") return false;
    return this.#exactMembers.includes(JSON.parse(outermost.key));
  }

  #unsupported(detail: string): JsonError {
    return { kind: "unsupported", detail, position: this.#at, pointer: toPointer(this.#levels) };
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

  #malformed(detail: string): JsonError {
    return { kind: "malformed", detail, position: this.#at, pointer: "" };
  }
}
