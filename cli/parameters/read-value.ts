import { toCanonicalJson } from "../../protocol/canonical-json.ts";
import {
  findInexactNumber,
  formatInexactNumberMessage,
  isExactNumber,
  isRoundedInteger,
} from "../../protocol/exact-number.ts";
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import { CliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { truncate } from "../table.ts";
import type { Parameter } from "./parameter.ts";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const LONGEST_SHOWN = 40;
const MAX_SHOWN = 12;

/** Why a text is no value of a parameter. */
export class InvalidValueError extends CliError {
  constructor(message: string) {
    super(message, EXIT.rejected);
    this.name = "NoValueError";
  }
}

const wrong = ({ flag }: Parameter, wanted: string, text: string) =>
  new InvalidValueError(`--${flag}: must be ${wanted}, not ${JSON.stringify(truncate(text, LONGEST_SHOWN))}`);

const rejectInexact = ({ flag }: Parameter, text: string): InvalidValueError =>
  new InvalidValueError(`--${flag}: ${formatInexactNumberMessage(text)}`);

const parsed = (parameter: Parameter, text: string): JsonValue | undefined => {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const inexact = findInexactNumber(text);
  if (inexact !== undefined) throw rejectInexact(parameter, inexact);
  return value;
};

/** Returns the choices as they are typed: texts without quotes, unless another choice reads the same (1 and "1"). */
export const formatChoices = (choices: readonly JsonValue[]): string[] => {
  const others = new Set(
    choices.filter((choice) => typeof choice !== "string").map((one) => JSON.stringify(one)),
  );
  return choices.map((choice) =>
    typeof choice === "string" && !others.has(choice) ? choice : JSON.stringify(choice),
  );
};

const findChoice = (parameter: Parameter, choices: readonly JsonValue[], text: string) => {
  const found = choices[formatChoices(choices).indexOf(text)];
  if (found !== undefined) return found;
  // The same JSON may be spelled in other ways: 1.0 for 1, an object with other spaces.
  const json = parsed(parameter, text);
  const canonical = json === undefined ? undefined : toCanonicalJson(json);
  return choices.find((choice) => toCanonicalJson(choice) === canonical);
};

const choose = (parameter: Parameter, choices: readonly JsonValue[], text: string): JsonValue => {
  const found = findChoice(parameter, choices, text);
  if (found === undefined) {
    const texts = formatChoices(choices);
    const shown = texts.slice(0, MAX_SHOWN).join(", ");
    throw wrong(parameter, texts.length > MAX_SHOWN ? `one of ${shown}, …` : `one of ${shown}`, text);
  }
  if (isRoundedInteger(found)) throw rejectInexact(parameter, text);
  return found;
};

const numberOf = (parameter: Parameter, text: string): number => {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw wrong(parameter, "a number", text);
  if (!isExactNumber(text)) throw rejectInexact(parameter, text);
  if (parameter.kind === "integer" && !Number.isInteger(value))
    throw wrong(parameter, "a whole number", text);
  return value;
};

const WORDS: Readonly<Record<string, boolean>> = { true: true, false: false, yes: true, no: false };

/** One value of a parameter, from text; what the schema says beyond its type is the server's to check. */
export const readValue = (parameter: Parameter, text: string): JsonValue => {
  const { kind, choices } = parameter;
  if (choices !== undefined) return choose(parameter, choices, text);
  if (kind === "text") return text;
  if (kind === "number" || kind === "integer") return numberOf(parameter, text);
  if (kind === "boolean") {
    const value = Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
    if (value === undefined) throw wrong(parameter, "true or false", text);
    return value;
  }
  const value = parsed(parameter, text);
  if (kind === "any") return value === undefined ? text : value;
  if (!isJsonObject(value)) throw wrong(parameter, 'a JSON object, such as {"key": 1}', text);
  return value;
};

/** The values that one flag gives to a list: several where it is a JSON array of what no text could be mistaken for. */
export const readItems = (parameter: Parameter, text: string): JsonValue[] => {
  const value = parameter.kind === "text" || !text.startsWith("[") ? undefined : parsed(parameter, text);
  return Array.isArray(value) ? value : [readValue(parameter, text)];
};
