import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { assign } from "../assign.ts";
import type { Parameter } from "../parameters/parameter.ts";
import { choiceTexts, NoValueError, readItems, readValue } from "../parameters/read-value.ts";
import type { Prompts } from "../prompts.ts";
import { visibleLine } from "../sanitize.ts";
import { cut } from "../table.ts";
import { descriptionOf, typeText } from "../views/schema-view.ts";

/** A terminal's line, with room for what the prompt draws before it. */
const WIDEST = 74;

const messageOf = (parameter: Parameter): string => {
  const description = visibleLine(descriptionOf(parameter.schema));
  return cut([parameter.flag, description].filter((part) => part !== "").join(": "), WIDEST);
};

const refusing =
  (read: (text: string) => unknown) =>
  (answer: string): string | undefined => {
    try {
      read(answer);
      return undefined;
    } catch (error) {
      if (error instanceof NoValueError) return error.message.replace(/^--\S+: /, "");
      throw error;
    }
  };

const hintOf = ({ schema, isList }: Parameter) =>
  cut(visibleLine(isList ? `${typeText(schema)}; one at a time, nothing to end` : typeText(schema)), WIDEST);

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
    return choices[await prompts.choose(message, choiceTexts(choices).map(visibleLine))] ?? null;
  }
  if (kind === "boolean") return (await prompts.choose(message, ["yes", "no"])) === 0;
  const read = (text: string) => {
    if (text === "" && Number(parameter.schema["minLength"] ?? 0) > 0)
      throw new NoValueError("must not be empty");
    return readValue(parameter, text);
  };
  return read(await prompts.text({ message, hint: hintOf(parameter), refuse: refusing(read) }));
};

/** Asks for what a payload lacks, one question after the other. */
export const askFor = async (
  prompts: Prompts,
  lacking: readonly Parameter[],
  given: JsonObject,
): Promise<JsonObject> => {
  let payload = given;
  for (const parameter of lacking) {
    payload = assign(payload, parameter.path, await askValue(prompts, parameter));
  }
  return payload;
};
