import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { findInexactNumber, formatInexactNumberMessage } from "../../protocol/schema/exact-json.ts";
import { EXIT } from "../exit-codes.ts";
import { CliError, getMessage, UsageError } from "../io/errors.ts";
import { setAtPath, splitPath } from "./json-path.ts";
import type { Parameter } from "./parameter.ts";
import type { AddFile } from "./read-value.ts";

/** The options from which a payload is built. */
export interface PayloadSource {
  readonly payload?: string | undefined;
  readonly payloadFile?: string | undefined;
  readonly set: readonly string[];
}

/** Reads a file, or standard input if the path is `-`. */
export type ReadBytes = (path: string) => Promise<Uint8Array>;

const createRejection = (message: string) => new CliError(message, EXIT.rejected);

/** Parses JSON. Rejects numbers that a double cannot represent exactly. */
function parseJson(text: string, source: string): JsonValue {
  const value: JsonValue = JSON.parse(text);
  const inexact = findInexactNumber(text);
  if (inexact !== undefined) throw createRejection(`${source}: ${formatInexactNumberMessage(inexact)}`);
  return value;
}

function parseObject(text: string, source: string): JsonObject {
  let value: JsonValue;
  try {
    value = parseJson(text, source);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw createRejection(`${source} is not valid JSON: ${getMessage(error)}`);
  }
  if (!isJsonObject(value)) throw createRejection(`${source} must be a JSON object, such as {"angle": 90}`);
  return value;
}

function decodeUtf8(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw createRejection(`${source} is not UTF-8 text`);
  }
}

/**
 * Parses `path=value`. If the value is not JSON, it is used as text. Throws a `UsageError` if there
 * is no path.
 */
export function parseAssignment(text: string): { path: string[]; value: JsonValue } {
  const separator = text.indexOf("=");
  if (separator < 1) throw new UsageError(`--set ${text}: must be <path>=<value>`);
  const path = splitPath(text.slice(0, separator));
  const value = text.slice(separator + 1);
  try {
    return { path, value: parseJson(value, `--set ${text.slice(0, separator)}`) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    return { path, value };
  }
}

/** Reads a JSON object from a file, or from standard input for `-`. */
export async function readObject(file: string, read: ReadBytes): Promise<JsonObject> {
  return parseObject(decodeUtf8(await read(file), getSourceName(file)), getSourceName(file));
}

/** The parameters of a job, some of which may be files. */
interface FileParameters {
  readonly parameters: readonly Parameter[];
  readonly addFile: AddFile;
}

/** Adds the local files in a value of `--set`, if its parameter is a file or a list of files. */
function addFiles(
  { parameters, addFile }: FileParameters,
  path: readonly string[],
  value: JsonValue,
): JsonValue {
  const flag = path.join(".");
  const parameter = parameters.find((candidate) => candidate.flag === flag);
  if (parameter?.kind !== "file") return value;
  const add = (item: JsonValue) => (typeof item === "string" ? addFile(item, `--set ${flag}`) : item);
  return Array.isArray(value) && parameter.isList ? value.map(add) : add(value);
}

/**
 * Builds the payload from the options. `--set` overrides members of the payload. Only `--set` can
 * name local files: a payload file may come from another user, and must not upload files.
 */
export async function readPayload(
  source: PayloadSource,
  read: ReadBytes,
  files: FileParameters,
): Promise<JsonObject> {
  if (source.payload !== undefined && source.payloadFile !== undefined) {
    throw new UsageError("--payload and --payload-file cannot be used together");
  }
  // `--payload` and `--payload-file` both accept `-` for standard input.
  const file = source.payload === "-" ? "-" : source.payloadFile;
  const base =
    file === undefined ? parseObject(source.payload ?? "{}", "the payload") : await readObject(file, read);
  return source.set
    .map(parseAssignment)
    .reduce<JsonObject>(
      (payload, { path, value }) => setAtPath(payload, path, addFiles(files, path, value)),
      base,
    );
}

const getSourceName = (file: string) => (file === "-" ? "standard input" : file);
