import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isJsonObject, type Problem } from "../../protocol/index.ts";
import { countDigits, isRawNumber, parseExactJson } from "../../protocol/schema/exact-json.ts";
import { validationError } from "../use-cases/jobs/schema-checks.ts";
import { malformed, toPointer, unsupportedMediaType } from "./problems.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Members of the body whose numbers keep their exact text. */
    exactMembers?: readonly string[];
  }
}

const CONTENT_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;
const MAX_DEPTH = 128;
/** Maximum number of digits, without an exponent, of a number whose exact text is kept. */
const MAX_DIGITS = 1000;

/**
 * Adds a parser for JSON bodies to this plugin. Inside the plugin, it replaces the content type parsers that
 * the host has added.
 */
export function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    // Uses `done` instead of a promise, like the hooks. Fastify passes thrown errors to it.
    (request: FastifyRequest, bytes: Buffer, done: (error: null, body: unknown) => void) => {
      requireMediaType(request);
      done(null, parseJsonBody(bytes, request.routeOptions.config.exactMembers));
    },
  );
}

function requireMediaType({ headers }: FastifyRequest): void {
  const encoding = headers["content-encoding"];
  const isUnencoded = encoding === undefined || encoding.toLowerCase() === "identity";
  if (!isUnencoded || !CONTENT_TYPE.test(headers["content-type"] ?? "")) throw unsupportedMediaType();
}

/**
 * Parses a JSON body; an empty one is undefined. Throws a 400 or a 422 if the text is not JSON, or if it contains a
 * value that cannot be stored unchanged.
 */
export function parseJsonBody(bytes: Buffer, exactMembers: readonly string[] = []): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw malformed("The body is not UTF-8.");
  // A byte order mark is kept, and `JSON.parse` rejects it: JSON text must not have one (RFC 8259, section 8.1).
  const text = bytes.toString();
  const body = parse(text);
  const checker = new BodyChecker(exactMembers);
  checker.check(body);
  if (exactMembers.length === 0 && !checker.hasLargeNumber) return body;
  const exact = parseExactJson(text);
  checker.check(exact);
  if (!isJsonObject(body) || !isJsonObject(exact)) return body;
  const exactEntries = Object.entries(exact).filter(([name]) => exactMembers.includes(name));
  return { ...body, ...Object.fromEntries(exactEntries) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(`The body cannot be parsed: ${error instanceof Error ? error.message : error}.`);
  }
}

/**
 * Rejects values that PostgreSQL cannot store (U+0000, unpaired surrogates), that JavaScript would round, or that could
 * change a prototype.
 */
class BodyChecker {
  /** True if the body contains a number that may have been rounded. Only `parseExactJson` finds out. */
  hasLargeNumber = false;
  readonly #exactMembers: readonly string[];
  /** The path to the current value. */
  readonly #path: (string | number)[] = [];

  /** `exactMembers` are the members of the outermost object in which numbers may have any size. */
  constructor(exactMembers: readonly string[]) {
    this.#exactMembers = exactMembers;
  }

  /** Throws a 400 or a 422 if a value is rejected. */
  check(value: unknown): void {
    if (typeof value === "string") this.#checkText(value);
    else if (typeof value === "number") this.hasLargeNumber ||= Math.abs(value) > Number.MAX_SAFE_INTEGER;
    else if (isRawNumber(value)) this.#checkChangedNumber(value.rawJSON);
    else if (typeof value === "object" && value !== null) this.#checkMembers(value);
  }

  #checkMembers(value: object): void {
    if (this.#path.length === MAX_DEPTH) {
      throw this.#createUnsupported(`must not be nested deeper than ${MAX_DEPTH} levels`);
    }
    const members = Array.isArray(value) ? value.entries() : Object.entries(value);
    for (const [key, member] of members) {
      this.#path.push(key);
      if (key === "__proto__") throw this.#createMalformed("the key __proto__ is not allowed");
      if (typeof key === "string") this.#checkText(key);
      this.check(member);
      this.#path.pop();
    }
  }

  #checkText(text: string): void {
    if (text.includes("\u0000")) throw this.#createMalformed("U+0000 is not allowed");
    if (!text.isWellFormed()) throw this.#createMalformed("unpaired surrogate");
  }

  /** Checks a number that JavaScript would change. Fractions may be rounded, as every JSON parser does. */
  #checkChangedNumber(number: string): void {
    if (this.#exactMembers.includes(String(this.#path[0]))) {
      if (countDigits(number) <= MAX_DIGITS) return;
      throw this.#createUnsupported(`must have at most ${MAX_DIGITS} digits`);
    }
    if (!Number.isFinite(Number(number))) throw this.#createMalformed("number out of range");
    const isInteger = !/[.eE]/.test(number);
    if (isInteger) {
      throw this.#createUnsupported("cannot be stored exactly: send integers beyond ±2^53 as strings");
    }
  }

  #createMalformed(detail: string): Problem {
    return malformed(`The body is invalid at ${toPointer(this.#path)}: ${detail}.`);
  }

  /** Creates the 422 for a value that is valid JSON but cannot be stored without a change. */
  #createUnsupported(detail: string): Problem {
    return validationError("The body is invalid; see `errors`.", [
      { pointer: toPointer(this.#path), detail },
    ]);
  }
}
