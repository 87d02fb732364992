import { findInexactNumber, formatInexactNumberMessage } from "../protocol/exact-number.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT } from "./exit-codes.ts";
import { setAtPath, splitPath2 } from "./json-path.ts";

/** The options that make a payload. */
export interface PayloadSource {
  readonly payload?: string | undefined;
  readonly payloadFile?: string | undefined;
  readonly set: readonly string[];
}

/** Reads a named file, or standard input for `-`. */
export type ReadBytes = (path: string) => Promise<Uint8Array>;

const rejected = (message: string) => new CliError(message, EXIT.rejected);

/** Parses JSON; rejects a number that would be rounded. */
const parse = (text: string, where: string): JsonValue => {
  const value: JsonValue = JSON.parse(text);
  const inexact = findInexactNumber(text);
  if (inexact !== undefined) throw rejected(`${where}: ${formatInexactNumberMessage(inexact)}`);
  return value;
};

const parseObject = (text: string, where: string): JsonObject => {
  let value: JsonValue;
  try {
    value = parse(text, where);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw rejected(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(value)) throw rejected(`${where} must be a JSON object, such as {"angle": 90}`);
  return value;
};

const decode = (bytes: Uint8Array, where: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw rejected(`${where} is not UTF-8 text`);
  }
};

/** `path=value`: the value is JSON where it can be read as JSON, otherwise the text itself. */
const assignment = (text: string): { path: string[]; value: JsonValue } => {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--set ${text}: must be key=value`);
  const path = splitPath2(text.slice(0, at));
  const value = text.slice(at + 1);
  try {
    return { path, value: parse(value, `--set ${text.slice(0, at)}`) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    return { path, value };
  }
};

/** The JSON object in a file, or in standard input for `-`. */
export const readObject = async (file: string, read: ReadBytes): Promise<JsonObject> =>
  parseObject(decode(await read(file), nameOf(file)), nameOf(file));

/** The payload that the options say; members of `--set` are laid over the rest. */
export const readPayload = async (source: PayloadSource, read: ReadBytes): Promise<JsonObject> => {
  if (source.payload !== undefined && source.payloadFile !== undefined) {
    throw new UsageError("--payload and --payload-file exclude each other");
  }
  // `-` alone asks for standard input, by either name.
  const file = source.payload === "-" ? "-" : source.payloadFile;
  const given =
    file === undefined ? parseObject(source.payload ?? "{}", "the payload") : await readObject(file, read);
  return source.set
    .map(assignment)
    .reduce<JsonObject>((payload, { path, value }) => setAtPath(payload, path, value), given);
};

const nameOf = (file: string) => (file === "-" ? "standard input" : file);
