import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isJsonObject, type Problem } from "../../protocol/index.ts";
import { countDigits, isRawNumber, parseExactJson } from "../../protocol/schema/exact-json.ts";
import { validationError } from "../use-cases/jobs/schema-checks.ts";
import { malformed, toPointer, unsupportedMediaType } from "./problems.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * Members of the request body in which numbers keep their exact text, because JavaScript would
     * round them.
     */
    exactMembers?: readonly string[];
  }
}

const CONTENT_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;
const MAX_DEPTH = 128;
/**
 * Maximum number of digits of a number in one of the `exactMembers`, when it is written without an
 * exponent.
 */
const MAX_DIGITS = 1000;

/**
 * Adds a parser for JSON bodies. Inside the plugin, it replaces the parsers of the host
 * application.
 */
export function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    // Calls `done` instead of returning a promise, which would take longer. Fastify also catches
    // thrown errors.
    (request: FastifyRequest, bytes: Buffer, done: (error: null, body: unknown) => void) => {
      const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
      if (encoding.toLowerCase() !== "identity" || !CONTENT_TYPE.test(type)) throw unsupportedMediaType();
      done(null, parseJsonBody(bytes, request.routeOptions.config.exactMembers));
    },
  );
}

/**
 * Parses a JSON body. Throws a 400 or 422 problem if the body is not JSON, or if it contains a
 * value that cannot be stored.
 */
export function parseJsonBody(bytes: Buffer, exactMembers: readonly string[] = []): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw malformed("The body is not UTF-8.");
  // `toString` keeps a byte order mark, and `JSON.parse` rejects it: JSON text must not start with
  // one (RFC 8259, section 8.1).
  const text = bytes.toString();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw malformed(`The body cannot be parsed: ${error instanceof Error ? error.message : error}.`);
  }
  const checker = new BodyChecker(text, exactMembers);
  checker.check(body);
  if (exactMembers.length === 0 && !checker.hasLargeNumber) return body;
  const exact = parseExactJson(text);
  checker.check(exact);
  if (!isJsonObject(body) || !isJsonObject(exact)) return body;
  const exactEntries = Object.entries(exact).filter(([name]) => exactMembers.includes(name));
  return { ...body, ...Object.fromEntries(exactEntries) };
}

/** Matches JSON that may contain U+0000, an unpaired surrogate or the key `__proto__`. */
const NEEDS_TEXT_CHECK = /\\u|__proto__/;

type Key = string | number;

/**
 * Rejects values that PostgreSQL cannot store, that JavaScript would round, or that could change a
 * prototype. Every body is checked, so to save time, the path to a string or number is built only
 * if the value is rejected.
 */
class BodyChecker {
  /** True if `JSON.parse` may have rounded a number. Only `parseExactJson` shows whether it did. */
  hasLargeNumber = false;
  readonly #exactMembers: readonly string[];
  readonly #needsTextCheck: boolean;
  /** The path to the current object or array. */
  readonly #path: Key[] = [];

  /**
   * `exactMembers` are those members of the outermost object in which numbers may have any size.
   */
  constructor(text: string, exactMembers: readonly string[]) {
    this.#exactMembers = exactMembers;
    this.#needsTextCheck = NEEDS_TEXT_CHECK.test(text);
  }

  /**
   * Throws a 400 or 422 problem for a value that is rejected. `key` is the key of the value in its
   * object or array.
   */
  check(value: unknown, key?: Key): void {
    if (typeof value === "string") {
      if (this.#needsTextCheck) this.#checkText(value, key);
    } else if (typeof value === "number") {
      if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) this.hasLargeNumber = true;
    } else if (typeof value === "object" && value !== null) {
      this.#checkObject(value, key);
    }
  }

  #checkObject(value: object, key: Key | undefined): void {
    if (isRawNumber(value)) {
      this.#checkChangedNumber(value.rawJSON, key);
      return;
    }
    if (key !== undefined) this.#path.push(key);
    if (this.#path.length === MAX_DEPTH) {
      // The pointer of the error refers to the member of the body that contains the nested value,
      // because the whole path would be too long.
      throw createUnsupported(`must not be nested deeper than ${MAX_DEPTH} levels`, this.#path.slice(0, 1));
    }
    if (Array.isArray(value))
      for (let index = 0; index < value.length; index += 1) this.check(value[index], index);
    else this.#checkMembers(value);
    if (key !== undefined) this.#path.pop();
  }

  #checkMembers(members: object): void {
    for (const key of Object.keys(members)) {
      if (this.#needsTextCheck) {
        if (key === "__proto__") throw this.#createMalformed("the key __proto__ is not allowed", key);
        this.#checkText(key, key);
      }
      this.check(Reflect.get(members, key), key);
    }
  }

  #checkText(text: string, key: Key | undefined): void {
    if (text.includes("\u0000")) throw this.#createMalformed("U+0000 is not allowed", key);
    if (!text.isWellFormed()) throw this.#createMalformed("unpaired surrogates are not allowed", key);
  }

  /** Checks a number that JavaScript would round. Only fractions may be rounded. */
  #checkChangedNumber(number: string, key: Key | undefined): void {
    if (this.#exactMembers.includes(String(this.#path[0] ?? key))) {
      if (countDigits(number) <= MAX_DIGITS) return;
      throw createUnsupported(`must have at most ${MAX_DIGITS} digits`, this.#getPath(key));
    }
    if (!Number.isFinite(Number(number))) throw this.#createMalformed("number out of range", key);
    if (/[.eE]/.test(number)) return;
    throw createUnsupported(
      "cannot be stored exactly: send integers beyond ±2^53 as strings",
      this.#getPath(key),
    );
  }

  #createMalformed(detail: string, key?: Key): Problem {
    const pointer = toPointer(this.#getPath(key));
    return malformed(`The body is invalid${pointer === "" ? "" : ` at ${pointer}`}: ${detail}.`);
  }

  #getPath(key: Key | undefined): readonly Key[] {
    return key === undefined ? this.#path : [...this.#path, key];
  }
}

/** Creates the 422 problem for a value that is valid JSON but cannot be stored unchanged. */
function createUnsupported(detail: string, path: readonly Key[]): Problem {
  return validationError("The body is invalid; see `errors`.", [{ pointer: toPointer(path), detail }]);
}
