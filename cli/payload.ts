import type { JsonObject, JsonValue } from "../protocol/json.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT } from "./exit-codes.ts";

/** The options that make a payload. */
export interface PayloadSource {
  readonly payload?: string | undefined;
  readonly payloadFile?: string | undefined;
  readonly set: readonly string[];
}

/** Reads a named file, or standard input for `-`. */
export type ReadBytes = (path: string) => Promise<Uint8Array>;

const rejected = (message: string) => new CliError(message, EXIT.rejected);

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parse = (text: string): JsonValue => JSON.parse(text);

const parseObject = (text: string, where: string): JsonObject => {
  let value: JsonValue;
  try {
    value = parse(text);
  } catch (error) {
    throw rejected(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) throw rejected(`${where} must be a JSON object, such as {"angle": 90}`);
  return value;
};

const decode = (bytes: Uint8Array, where: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw rejected(`${where} is not UTF-8 text`);
  }
};

/** `key=value`: the value is JSON where it can be read as JSON, otherwise the text itself. */
const assignment = (text: string): [string, JsonValue] => {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--set ${text}: must be key=value`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
};

/** The payload that the options say; members of `--set` are laid over the rest. */
export const readPayload = async (source: PayloadSource, read: ReadBytes): Promise<JsonObject> => {
  if (source.payload !== undefined && source.payloadFile !== undefined) {
    throw new UsageError("--payload and --payload-file exclude each other");
  }
  // `-` alone asks for standard input, by either name.
  const file = source.payload === "-" ? "-" : source.payloadFile;
  const given =
    file === undefined
      ? parseObject(source.payload ?? "{}", "the payload")
      : parseObject(decode(await read(file), nameOf(file)), nameOf(file));
  return { ...given, ...Object.fromEntries(source.set.map(assignment)) };
};

const nameOf = (file: string) => (file === "-" ? "standard input" : file);
