import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import { CliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { cut } from "../table.ts";
import type { Parameter } from "./parameter.ts";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const LONGEST_SHOWN = 40;
const MOST_SHOWN = 12;

/** Why a text is no value of a parameter. */
export class NoValueError extends CliError {
  constructor(message: string) {
    super(message, EXIT.rejected);
    this.name = "NoValueError";
  }
}

const wrong = ({ flag }: Parameter, wanted: string, text: string) =>
  new NoValueError(`--${flag}: must be ${wanted}, not ${JSON.stringify(cut(text, LONGEST_SHOWN))}`);

const parsed = (text: string): JsonValue | undefined => {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
};

/** As it is typed: a text without quotes where no other choice reads the same. */
export const choiceText = (choice: JsonValue): string =>
  typeof choice === "string" ? choice : JSON.stringify(choice);

const choose = (parameter: Parameter, choices: readonly JsonValue[], text: string): JsonValue => {
  const found = choices.find((choice) => choiceText(choice) === text);
  if (found !== undefined) return found;
  const shown = choices.slice(0, MOST_SHOWN).map(choiceText).join(", ");
  throw wrong(parameter, choices.length > MOST_SHOWN ? `one of ${shown}, …` : `one of ${shown}`, text);
};

const numberOf = (parameter: Parameter, text: string): number => {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw wrong(parameter, "a number", text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.e]/i.test(text)) {
    throw wrong(parameter, "a number that JSON keeps exactly", text);
  }
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
  const value = parsed(text);
  if (kind === "any") return value === undefined ? text : value;
  if (!isJsonObject(value)) throw wrong(parameter, 'a JSON object, such as {"key": 1}', text);
  return value;
};

/** The values that one flag gives to a list: several where it is a JSON array of what no text could be mistaken for. */
export const readItems = (parameter: Parameter, text: string): JsonValue[] => {
  const value = parameter.kind === "text" || !text.startsWith("[") ? undefined : parsed(text);
  return Array.isArray(value) ? value : [readValue(parameter, text)];
};
