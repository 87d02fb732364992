import leven from "leven";
import { isRoundedInteger } from "../../protocol/exact-number.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { UsageError } from "../errors.ts";
import { getAtPath, setAtPath } from "../json-path.ts";
import { truncate } from "../table.ts";
import type { Parameter } from "./parameter.ts";
import { readItems, readValue } from "./read-value.ts";

/** As a negative number, and nothing that is a flag. */
const NEGATIVE = /^-[\d.]/;

const sameName = (name: string) => name.replaceAll("-", "_");

/** Of the longer name, how much may be another: two letters that changed places are two. */
const FAR = 0.4;

/** The nearest of some names; undefined where none is near. */
export const findClosest = (name: string, names: readonly string[]): string | undefined => {
  const [best] = names
    .map((one) => ({ one, distance: leven(name, one) }))
    .filter(({ one, distance }) => distance <= Math.round(Math.max(name.length, one.length) * FAR))
    .sort((a, b) => a.distance - b.distance);
  return best?.one;
};

/** The parameter that a flag names; `--max-steps` is `max_steps`, too. */
const find = (parameters: readonly Parameter[], name: string): Parameter | undefined =>
  parameters.find(({ flag }) => flag === name) ??
  parameters.find(({ flag }) => sameName(flag) === sameName(name));

interface Flag {
  readonly name: string;
  readonly given: string | undefined;
}

const split = (argument: string): Flag => {
  const at = argument.indexOf("=");
  return at < 0
    ? { name: argument.slice(2), given: undefined }
    : { name: argument.slice(2, at), given: argument.slice(at + 1) };
};

const unknown = (argument: string, parameters: readonly Parameter[], otherFlags: readonly string[]) => {
  const { name } = split(argument.startsWith("--") ? argument : `-${argument}`);
  const near = findClosest(name, [...parameters.map(({ flag }) => flag), ...otherFlags]);
  const tip = near === undefined ? "`--help` shows those that there are" : `did you mean --${near}?`;
  return new UsageError(`unknown option ${truncate(argument.split("=")[0] ?? "", 60)}; ${tip}`);
};

const stray = (argument: string) =>
  new UsageError(
    `${JSON.stringify(truncate(argument, 40))} belongs to no option; a yes or no is --name, --no-name or --name=false`,
  );

/**
 * Begins the objects that a member is given in with their own defaults. The worker takes an object as it is sent, so
 * `--settings.b 3` alone would lose `a` of `"default": {"a": 5, "b": 1}`, which the form sends.
 */
const withOwnDefaults = (
  payload: JsonObject,
  { path }: Parameter,
  parameters: readonly Parameter[],
): JsonObject =>
  parameters
    .filter((one) => one.path.length < path.length && one.path.every((name, at) => path[at] === name))
    .reduce((whole, { path: outer, schema }) => {
      const standard = schema["default"];
      const isGiven = getAtPath(whole, outer) !== undefined;
      return isGiven || !isJsonObject(standard) ? whole : setAtPath(whole, outer, standard);
    }, payload);

/** A job's flags, read by its parameters, laid over a payload; a list that is given replaces the one that was there. */
export const readFlags = (
  args: readonly string[],
  {
    parameters,
    base,
    otherFlags = [],
  }: {
    readonly parameters: readonly Parameter[];
    readonly base: JsonObject;
    /** What the command itself takes: for suggestions. */
    readonly otherFlags?: readonly string[];
  },
): JsonObject => {
  const lists = new Map<Parameter, JsonValue[]>();
  const rest = args.filter((argument) => argument !== "--");
  let payload = base;

  const put = (parameter: Parameter, text: string) => {
    payload = withOwnDefaults(payload, parameter, parameters);
    if (!parameter.isList) {
      payload = setAtPath(payload, parameter.path, readValue(parameter, text));
      return;
    }
    const items = [...(lists.get(parameter) ?? []), ...readItems(parameter, text)];
    lists.set(parameter, items);
    payload = setAtPath(payload, parameter.path, items);
  };

  for (let at = 0; at < rest.length; at += 1) {
    const argument = rest[at] ?? "";
    if (!argument.startsWith("--")) {
      throw argument.startsWith("-") && argument.length > 1 && !NEGATIVE.test(argument)
        ? unknown(argument, parameters, otherFlags)
        : stray(argument);
    }
    const { name, given } = split(argument);
    const parameter = find(parameters, name);
    const negated = name.startsWith("no-") ? find(parameters, name.slice(3)) : undefined;
    if (parameter === undefined && negated?.kind === "boolean" && !negated.isList && given === undefined) {
      put(negated, "false");
    } else if (parameter === undefined) {
      throw unknown(argument, parameters, otherFlags);
    } else if (given !== undefined) {
      put(parameter, given);
    } else if (parameter.kind === "boolean" && !parameter.isList) {
      put(parameter, "true");
    } else {
      const next = rest[at + 1];
      const isValue = next !== undefined && (!next.startsWith("-") || next === "-" || NEGATIVE.test(next));
      if (!isValue) {
        const own = next?.startsWith("-") ? `; one that begins with a dash is --${name}=${next}` : "";
        throw new UsageError(`--${name} needs a value${own}`);
      }
      put(parameter, next);
      at += 1;
    }
  }
  return payload;
};

/** What a required parameter is if nobody gives it: its default, or the only value that it can have. */
const standardOf = ({ schema }: Parameter): JsonValue | undefined => {
  const { default: standard, const: only } = schema;
  if (standard !== undefined || only === undefined) return standard;
  return isRoundedInteger(only) ? undefined : only;
};

/**
 * Returns the required parameters that a payload lacks, and the payload with those that need no answer: defaults, constants,
 * and objects whose members are asked for in their place.
 */
export const findMissing = (
  parameters: readonly Parameter[],
  given: JsonObject,
): { readonly payload: JsonObject; readonly lacking: readonly Parameter[] } => {
  const lacking: Parameter[] = [];
  let payload = given;
  for (const parameter of parameters) {
    const { path, isRequired, hasMembers } = parameter;
    const home = getAtPath(payload, path.slice(0, -1));
    const isAsked = typeof (path.length === 1 ? payload : home) === "object" && isRequired;
    if (!isAsked || getAtPath(payload, path) !== undefined) continue;
    const standard = standardOf(parameter);
    if (standard !== undefined) payload = setAtPath(payload, path, standard);
    else if (hasMembers) payload = setAtPath(payload, path, {});
    else lacking.push(parameter);
  }
  return { payload, lacking };
};
