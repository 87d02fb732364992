import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseExactJson } from "../../protocol/exact-json.ts";
import { isJsonObject, Problem } from "../../protocol/index.ts";
import { isPlainJson } from "./plain-json.ts";
import { JsonScanner } from "./scan-json.ts";

const CONTENT_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;

const malformed = (detail: string) => new Problem("malformed-request", detail);

/** The one kind of body that is read. */
export const unsupportedMediaType = (): Problem =>
  new Problem(
    "unsupported-media-type",
    "Send the body as application/json, in UTF-8, without Content-Encoding.",
  );

/** A byte order mark is kept, and so refused: JSON has none (RFC 8259, 8.1). */
const decode = (bytes: Buffer): string => {
  if (!isUtf8(bytes)) throw malformed("The body is not UTF-8.");
  return bytes.toString();
};

declare module "fastify" {
  interface FastifyContextConfig {
    /** Members of the body whose numbers are kept as they are written. */
    exactMembers?: readonly string[];
  }
}

/** Takes some members of a body with each number that JavaScript would change as an `ExactNumber`. */
const withExactMembers = (text: string, exactMembers: readonly string[]): unknown => {
  const body: unknown = JSON.parse(text);
  const exact = parseExactJson(text);
  if (!isJsonObject(body) || !isJsonObject(exact)) return body;
  const kept = Object.entries(exact).filter(([name]) => exactMembers.includes(name));
  return { ...body, ...Object.fromEntries(kept) };
};

/** Reads a body as JSON, exactly or not at all; an empty one is undefined. */
export const parseJsonBody = (bytes: Buffer, exactMembers: readonly string[] = []): unknown => {
  if (bytes.length === 0) return undefined;
  const text = decode(bytes);
  if (isPlainJson(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // The scan says what is wrong with it, and where.
    }
  }
  const fault = new JsonScanner(text, exactMembers).scan();
  if (fault === undefined) {
    return exactMembers.length === 0 ? JSON.parse(text) : withExactMembers(text, exactMembers);
  }
  if (fault.kind === "malformed") {
    throw malformed(`The body is not JSON that can be kept: ${fault.detail}, at position ${fault.position}.`);
  }
  throw new Problem("validation-error", "The body does not fit.", {
    errors: [{ pointer: fault.pointer, detail: fault.detail }],
  });
};

const requireMediaType = ({ headers }: FastifyRequest): void => {
  const encoding = headers["content-encoding"];
  const isPlainJson = encoding === undefined || encoding.toLowerCase() === "identity";
  if (!isPlainJson || !CONTENT_TYPE.test(headers["content-type"] ?? "")) throw unsupportedMediaType();
};

/** Reads JSON bodies in this plugin by our rules, whatever parsers the host has. */
export const addBodyParser = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    // With `done`, like the hooks; what is thrown is passed on to it.
    (request: FastifyRequest, bytes: Buffer, done: (error: null, body: unknown) => void) => {
      requireMediaType(request);
      done(null, parseJsonBody(bytes, request.routeOptions.config.exactMembers));
    },
  );
};
