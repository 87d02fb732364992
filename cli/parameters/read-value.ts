import { isJsonObject, type JsonValue, toCanonicalJson } from "../../protocol/json.ts";
import {
  findInexactNumber,
  formatInexactNumberMessage,
  isExactNumber,
  isRoundedInteger,
} from "../../protocol/schema/exact-json.ts";
import { EXIT } from "../exit-codes.ts";
import { CliError } from "../io/errors.ts";
import { truncate } from "../io/text-width.ts";
import type { Parameter } from "./parameter.ts";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MAX_SHOWN_LENGTH = 40;
const MAX_SHOWN_CHOICES = 12;

/** Thrown if a text is not a valid value of a parameter. */
export class InvalidValueError extends CliError {
  constructor(message: string) {
    super(message, EXIT.rejected);
    this.name = "InvalidValueError";
  }
}

function createTypeError({ flag }: Parameter, expected: string, text: string) {
  return new InvalidValueError(
    `--${flag}: must be ${expected}, not ${JSON.stringify(truncate(text, MAX_SHOWN_LENGTH))}`,
  );
}

function createInexactError({ flag }: Parameter, text: string): InvalidValueError {
  return new InvalidValueError(`--${flag}: ${formatInexactNumberMessage(text)}`);
}

function parseJson(parameter: Parameter, text: string): JsonValue | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const inexact = findInexactNumber(text);
  if (inexact !== undefined) throw createInexactError(parameter, inexact);
  return value;
}

/**
 * Returns the choices in the form in which a user types them. A text has quotes only if another
 * choice would otherwise look the same: "1" and 1.
 */
export function formatChoices(choices: readonly JsonValue[]): string[] {
  const others = new Set(
    choices.filter((choice) => typeof choice !== "string").map((choice) => JSON.stringify(choice)),
  );
  return choices.map((choice) =>
    typeof choice === "string" && !others.has(choice) ? choice : JSON.stringify(choice),
  );
}

function findChoice(parameter: Parameter, choices: readonly JsonValue[], text: string) {
  const found = choices[formatChoices(choices).indexOf(text)];
  if (found !== undefined) return found;
  // The parsed values are compared, because JSON has several notations for the same value, such as
  // 1.0 for 1, or other spaces in an object.
  const json = parseJson(parameter, text);
  const canonical = json === undefined ? undefined : toCanonicalJson(json);
  return choices.find((choice) => toCanonicalJson(choice) === canonical);
}

function readChoice(parameter: Parameter, choices: readonly JsonValue[], text: string): JsonValue {
  const found = findChoice(parameter, choices, text);
  if (found === undefined) {
    const texts = formatChoices(choices);
    const list = texts.slice(0, MAX_SHOWN_CHOICES).join(", ");
    throw createTypeError(
      parameter,
      texts.length > MAX_SHOWN_CHOICES ? `one of ${list}, …` : `one of ${list}`,
      text,
    );
  }
  if (isRoundedInteger(found)) throw createInexactError(parameter, text);
  return found;
}

function readNumber(parameter: Parameter, text: string): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw createTypeError(parameter, "a number", text);
  if (!isExactNumber(text)) throw createInexactError(parameter, text);
  if (parameter.kind === "integer" && !Number.isInteger(value))
    throw createTypeError(parameter, "an integer", text);
  return value;
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false, yes: true, no: false };

/**
 * Adds a local file that the user named, and returns the text that stands for it in the payload.
 * `source` names the flag in errors.
 */
export type AddFile = (path: string, source: string) => string;

/**
 * Parses a value of a parameter. Checks only its type; the server validates the rest of the schema.
 */
export function readValue(parameter: Parameter, text: string, addFile: AddFile): JsonValue {
  const { kind, choices } = parameter;
  if (choices !== undefined) return readChoice(parameter, choices, text);
  if (kind === "file") return addFile(text, `--${parameter.flag}`);
  if (kind === "text") return text;
  if (kind === "number" || kind === "integer") return readNumber(parameter, text);
  if (kind === "boolean") {
    const value = Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
    if (value === undefined) throw createTypeError(parameter, "true or false", text);
    return value;
  }
  const value = parseJson(parameter, text);
  if (kind === "any") return value === undefined ? text : value;
  if (!isJsonObject(value)) throw createTypeError(parameter, 'a JSON object, such as {"key": 1}', text);
  return value;
}

/**
 * Parses the values of a list. A JSON array contains several values, unless the items are text,
 * because `[` may then be part of the text.
 */
export function readItems(parameter: Parameter, text: string, addFile: AddFile): JsonValue[] {
  const isText = parameter.kind === "text" || parameter.kind === "file";
  const value = isText || !text.startsWith("[") ? undefined : parseJson(parameter, text);
  return Array.isArray(value) ? value : [readValue(parameter, text, addFile)];
}
