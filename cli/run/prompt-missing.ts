import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { UsageError } from "../io/errors.ts";
import type { Prompts } from "../io/prompts.ts";
import { escapeLine } from "../io/sanitize.ts";
import { truncate } from "../io/text-width.ts";
import { setAtPath } from "../parameters/json-path.ts";
import type { Parameter } from "../parameters/parameter.ts";
import {
  type AddFile,
  formatChoices,
  InvalidValueError,
  readItems,
  readValue,
} from "../parameters/read-value.ts";
import { formatType, getDescription } from "../views/schema-view.ts";
import { joinParts } from "../views/units.ts";

/** The width of a terminal line, minus the decoration of the prompt. */
const MAX_MESSAGE_WIDTH = 74;

function formatMessage(parameter: Parameter): string {
  const description = escapeLine(getDescription(parameter.schema));
  return truncate(joinParts([parameter.flag, description], ": "), MAX_MESSAGE_WIDTH);
}

function createValidator(read: (text: string) => unknown) {
  return (answer: string): string | undefined => {
    try {
      read(answer);
      return undefined;
    } catch (error) {
      if (error instanceof InvalidValueError || error instanceof UsageError)
        return error.message.replace(/^--\S+: /, "");
      throw error;
    }
  };
}

function formatHint({ schema, isList }: Parameter) {
  return truncate(
    escapeLine(isList ? `${formatType(schema)}; one per line, empty to finish` : formatType(schema)),
    MAX_MESSAGE_WIDTH,
  );
}

/** Asks for the values of a list, one per line, until the user enters an empty line. */
async function promptForList(prompts: Prompts, parameter: Parameter, addFile: AddFile): Promise<JsonValue[]> {
  const values: JsonValue[] = [];
  const validate = (answer: string) =>
    answer === "" ? undefined : createValidator((text) => readItems(parameter, text, addFile))(answer);
  for (;;) {
    const message = values.length === 0 ? formatMessage(parameter) : `${parameter.flag} ${values.length + 1}`;
    const answer = await prompts.text({ message, hint: formatHint(parameter), validate });
    if (answer === "") return values;
    values.push(...readItems(parameter, answer, addFile));
  }
}

async function promptForValue(prompts: Prompts, parameter: Parameter, addFile: AddFile): Promise<JsonValue> {
  const { choices, kind, isList } = parameter;
  if (isList) return promptForList(prompts, parameter, addFile);
  const message = formatMessage(parameter);
  if (choices !== undefined) {
    return choices[await prompts.choose(message, formatChoices(choices).map(escapeLine))] ?? null;
  }
  if (kind === "boolean") return (await prompts.choose(message, ["yes", "no"])) === 0;
  const read = (text: string) => {
    if (text === "" && Number(parameter.schema["minLength"] ?? 0) > 0)
      throw new InvalidValueError("must not be empty");
    return readValue(parameter, text, addFile);
  };
  return read(await prompts.text({ message, hint: formatHint(parameter), validate: createValidator(read) }));
}

/** Asks for the missing parameters of a payload one after the other. */
export async function promptForMissing(
  prompts: Prompts,
  missing: readonly Parameter[],
  initial: JsonObject,
  addFile: AddFile,
): Promise<JsonObject> {
  let payload = initial;
  for (const parameter of missing) {
    payload = setAtPath(payload, parameter.path, await promptForValue(prompts, parameter, addFile));
  }
  return payload;
}
