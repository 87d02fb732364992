import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isJsonObject, Problem } from "../../protocol/index.ts";
import { parseExactJson } from "../../protocol/schema/exact-json.ts";
import { isPlainJson } from "./plain-json.ts";
import { JsonScanner } from "./scan-json.ts";

const CONTENT_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;

const malformed = (detail: string) => new Problem("malformed-request", detail);

/** Creates the 415 for a body that is not JSON in UTF-8 without compression. */
export const unsupportedMediaType = (): Problem =>
  new Problem(
    "unsupported-media-type",
    "Send the body as application/json in UTF-8, without Content-Encoding.",
  );

/**
 * Decodes UTF-8. A byte order mark is kept, so that the parser rejects it: JSON text must not have one (RFC
 * 8259, section 8.1).
 */
const decode = (bytes: Buffer): string => {
  if (!isUtf8(bytes)) throw malformed("The body is not UTF-8.");
  return bytes.toString();
};

declare module "fastify" {
  interface FastifyContextConfig {
    /** Members of the body whose numbers keep their exact text. */
    exactMembers?: readonly string[];
  }
}

/** Parses a body so that numbers in some of its members become an `ExactNumber` if JavaScript would change them. */
const parseWithExactMembers = (text: string, exactMembers: readonly string[]): unknown => {
  const body: unknown = JSON.parse(text);
  const exact = parseExactJson(text);
  if (!isJsonObject(body) || !isJsonObject(exact)) return body;
  const exactEntries = Object.entries(exact).filter(([name]) => exactMembers.includes(name));
  return { ...body, ...Object.fromEntries(exactEntries) };
};

/**
 * Parses a JSON body; an empty one is undefined. Throws a 400 or a 422 if `JSON.parse` would reject the text or change
 * a value.
 */
export const parseJsonBody = (bytes: Buffer, exactMembers: readonly string[] = []): unknown => {
  if (bytes.length === 0) return undefined;
  const text = decode(bytes);
  if (isPlainJson(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // The scanner below reports what is wrong and where.
    }
  }
  const error = new JsonScanner(text, exactMembers).scan();
  if (error === undefined) {
    return exactMembers.length === 0 ? JSON.parse(text) : parseWithExactMembers(text, exactMembers);
  }
  if (error.kind === "malformed") {
    throw malformed(`The body cannot be parsed: ${error.detail} (at position ${error.position}).`);
  }
  throw new Problem("validation-error", "The body is invalid; see `errors`.", {
    errors: [{ pointer: error.pointer, detail: error.detail }],
  });
};

const requireMediaType = ({ headers }: FastifyRequest): void => {
  const encoding = headers["content-encoding"];
  const isUnencoded = encoding === undefined || encoding.toLowerCase() === "identity";
  if (!isUnencoded || !CONTENT_TYPE.test(headers["content-type"] ?? "")) throw unsupportedMediaType();
};

/**
 * Adds a parser for JSON bodies to this plugin. Inside the plugin, it replaces the content type parsers that
 * the host has added.
 */
export const addBodyParser = (app: FastifyInstance): void => {
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
};
