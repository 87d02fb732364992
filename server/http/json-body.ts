import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isJsonObject } from "../../protocol/index.ts";
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
  const check = new BodyCheck(exactMembers);
  check.requireValid(body);
  if (exactMembers.length === 0 && !check.hasLargeNumber) return body;
  const exact = parseExactJson(text);
  check.requireValid(exact);
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

/** The reason why a value is rejected, and the path to the value. */
interface Flaw {
  readonly isMalformed: boolean;
  readonly detail: string;
  readonly path: readonly (string | number)[];
}

/**
 * Finds the first value that PostgreSQL cannot store (U+0000, unpaired surrogates), that JavaScript would round, or
 * that could change a prototype.
 */
class BodyCheck {
  /** True if the body contains a number that may have been rounded. Only `parseExactJson` finds out. */
  hasLargeNumber = false;
  readonly #exactMembers: readonly string[];

  /** `exactMembers` are the members of the outermost object in which numbers may have any size. */
  constructor(exactMembers: readonly string[]) {
    this.#exactMembers = exactMembers;
  }

  /** Throws a 400 or a 422 if a value is rejected. */
  requireValid(body: unknown): void {
    const flaw = this.#find(body, 0, false);
    if (flaw === undefined) return;
    const pointer = toPointer(flaw.path);
    if (flaw.isMalformed) throw malformed(`The body is invalid at ${pointer}: ${flaw.detail}.`);
    throw validationError("The body is invalid; see `errors`.", [{ pointer, detail: flaw.detail }]);
  }

  #find(value: unknown, depth: number, isExact: boolean): Flaw | undefined {
    if (typeof value === "string") return findTextFlaw(value);
    if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) this.hasLargeNumber = true;
    if (typeof value !== "object" || value === null) return undefined;
    if (isRawNumber(value)) return findNumberFlaw(value.rawJSON, isExact);
    if (depth === MAX_DEPTH) return unsupported(`must not be nested deeper than ${MAX_DEPTH} levels`);
    return Array.isArray(value)
      ? this.#findInArray(value, depth + 1, isExact)
      : this.#findInObject(value, depth + 1, isExact);
  }

  #findInArray(items: readonly unknown[], depth: number, isExact: boolean): Flaw | undefined {
    for (const [index, item] of items.entries()) {
      const flaw = this.#find(item, depth, isExact);
      if (flaw !== undefined) return { ...flaw, path: [index, ...flaw.path] };
    }
    return undefined;
  }

  #findInObject(members: object, depth: number, isExact: boolean): Flaw | undefined {
    for (const [key, member] of Object.entries(members)) {
      const isMemberExact = depth === 1 ? this.#exactMembers.includes(key) : isExact;
      const flaw = findKeyFlaw(key) ?? this.#find(member, depth, isMemberExact);
      if (flaw !== undefined) return { ...flaw, path: [key, ...flaw.path] };
    }
    return undefined;
  }
}

function findKeyFlaw(key: string): Flaw | undefined {
  return key === "__proto__" ? forbidden("the key __proto__ is not allowed") : findTextFlaw(key);
}

function findTextFlaw(text: string): Flaw | undefined {
  if (text.includes("\u0000")) return forbidden("U+0000 is not allowed");
  return text.isWellFormed() ? undefined : forbidden("unpaired surrogate");
}

/** Checks a number that JavaScript would change. Fractions may be rounded, as every JSON parser does. */
function findNumberFlaw(number: string, isExact: boolean): Flaw | undefined {
  if (isExact) {
    const isShort = countDigits(number) <= MAX_DIGITS;
    return isShort ? undefined : unsupported(`must have at most ${MAX_DIGITS} digits`);
  }
  if (!Number.isFinite(Number(number))) return forbidden("number out of range");
  const isInteger = !/[.eE]/.test(number);
  return isInteger
    ? unsupported("cannot be stored exactly: send integers beyond ±2^53 as strings")
    : undefined;
}

function forbidden(detail: string): Flaw {
  return { isMalformed: true, detail, path: [] };
}

/** Creates the flaw of a value that is valid JSON but cannot be stored without a change. */
function unsupported(detail: string): Flaw {
  return { isMalformed: false, detail, path: [] };
}
