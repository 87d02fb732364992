import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { setAtPath } from "../json-path.ts";
import type { Parameter } from "../parameters/parameter.ts";
import { formatChoices, InvalidValueError, readItems, readValue } from "../parameters/read-value.ts";
import type { Prompts } from "../prompts.ts";
import { escapeLine } from "../sanitize.ts";
import { truncate } from "../table.ts";
import { formatType, getDescription } from "../views/schema-view.ts";

/** A terminal's line, with room for what the prompt draws before it. */
const WIDEST = 74;

const messageOf = (parameter: Parameter): string => {
  const description = escapeLine(getDescription(parameter.schema));
  return truncate([parameter.flag, description].filter((part) => part !== "").join(": "), WIDEST);
};

const refusing =
  (read: (text: string) => unknown) =>
  (answer: string): string | undefined => {
    try {
      read(answer);
      return undefined;
    } catch (error) {
      if (error instanceof InvalidValueError) return error.message.replace(/^--\S+: /, "");
      throw error;
    }
  };

const hintOf = ({ schema, isList }: Parameter) =>
  truncate(
    escapeLine(isList ? `${formatType(schema)}; one at a time, nothing to end` : formatType(schema)),
    WIDEST,
  );

/** The values of a list, a line each, until a line is empty. */
const askList = async (prompts: Prompts, parameter: Parameter): Promise<JsonValue[]> => {
  const values: JsonValue[] = [];
  const refuse = (answer: string) =>
    answer === "" ? undefined : refusing((text) => readItems(parameter, text))(answer);
  for (;;) {
    const message = values.length === 0 ? messageOf(parameter) : `${parameter.flag} ${values.length + 1}`;
    const answer = await prompts.text({ message, hint: hintOf(parameter), refuse });
    if (answer === "") return values;
    values.push(...readItems(parameter, answer));
  }
};

const askValue = async (prompts: Prompts, parameter: Parameter): Promise<JsonValue> => {
  const { choices, kind, isList } = parameter;
  if (isList) return askList(prompts, parameter);
  const message = messageOf(parameter);
  if (choices !== undefined) {
    return choices[await prompts.choose(message, formatChoices(choices).map(escapeLine))] ?? null;
  }
  if (kind === "boolean") return (await prompts.choose(message, ["yes", "no"])) === 0;
  const read = (text: string) => {
    if (text === "" && Number(parameter.schema["minLength"] ?? 0) > 0)
      throw new InvalidValueError("must not be empty");
    return readValue(parameter, text);
  };
  return read(await prompts.text({ message, hint: hintOf(parameter), refuse: refusing(read) }));
};

/** Asks for what a payload lacks, one question after the other. */
export const promptForMissing = async (
  prompts: Prompts,
  lacking: readonly Parameter[],
  given: JsonObject,
): Promise<JsonObject> => {
  let payload = given;
  for (const parameter of lacking) {
    payload = setAtPath(payload, parameter.path, await askValue(prompts, parameter));
  }
  return payload;
};
