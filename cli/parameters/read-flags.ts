import leven from "leven";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { isRoundedInteger } from "../../protocol/schema/exact-json.ts";
import { UsageError } from "../io/errors.ts";
import { truncate } from "../io/text-width.ts";
import { getAtPath, setAtPath } from "./json-path.ts";
import type { Parameter } from "./parameter.ts";
import { type AddFile, readItems, readValue } from "./read-value.ts";

/** Matches the start of a negative number, which looks like a flag. */
const NEGATIVE = /^-[\d.]/;

const normalizeName = (name: string) => name.replaceAll("-", "_");

/**
 * Maximum edit distance of a suggestion, relative to the length of the longer name. Two swapped
 * letters are a distance of 2.
 */
const MAX_DISTANCE_RATIO = 0.4;

/** Returns the most similar name. Returns undefined if none is similar enough. */
export function findClosest(name: string, names: readonly string[]): string | undefined {
  const [closest] = names
    .map((candidate) => ({ candidate, distance: leven(name, candidate) }))
    .filter(
      ({ candidate, distance }) =>
        distance <= Math.round(Math.max(name.length, candidate.length) * MAX_DISTANCE_RATIO),
    )
    .sort((left, right) => left.distance - right.distance);
  return closest?.candidate;
}

/** Finds the parameter of a flag. `--max-steps` also matches `max_steps`. */
function findParameter(parameters: readonly Parameter[], name: string): Parameter | undefined {
  return (
    parameters.find(({ flag }) => flag === name) ??
    parameters.find(({ flag }) => normalizeName(flag) === normalizeName(name))
  );
}

interface Flag {
  readonly name: string;
  /** The value after `=`; undefined if there is none. */
  readonly value: string | undefined;
}

function splitFlag(argument: string): Flag {
  const separator = argument.indexOf("=");
  return separator < 0
    ? { name: argument.slice(2), value: undefined }
    : { name: argument.slice(2, separator), value: argument.slice(separator + 1) };
}

function createUnknownOptionError(
  argument: string,
  parameters: readonly Parameter[],
  otherFlags: readonly string[],
) {
  const { name } = splitFlag(argument.startsWith("--") ? argument : `-${argument}`);
  const closest = findClosest(name, [...parameters.map(({ flag }) => flag), ...otherFlags]);
  const flag = truncate(argument.split("=")[0] ?? "", 60);
  return new UsageError(
    closest === undefined
      ? `unknown option '${flag}'. Run the command with --help to list all options.`
      : `unknown option '${flag}' (Did you mean --${closest}?)`,
  );
}

function createUnexpectedArgumentError(argument: string) {
  return new UsageError(
    `unexpected argument ${JSON.stringify(truncate(argument, 40))}. Pass a boolean as --name, --no-name or --name=false.`,
  );
}

/**
 * Adds the defaults of the objects that contain a parameter to the payload, as the dashboard's form
 * does. A worker uses the default of an object only if the payload has no such object. Without this
 * function, `--settings.b 3` would lose the value of `a` in `"default": {"a": 5, "b": 1}`.
 */
function addParentDefaults(
  payload: JsonObject,
  { path }: Parameter,
  parameters: readonly Parameter[],
): JsonObject {
  return parameters
    .filter(
      (parent) =>
        parent.path.length < path.length && parent.path.every((name, index) => path[index] === name),
    )
    .reduce((whole, { path: outer, schema }) => {
      const defaultValue = schema["default"];
      const isSet = getAtPath(whole, outer) !== undefined;
      return isSet || !isJsonObject(defaultValue) ? whole : setAtPath(whole, outer, defaultValue);
    }, payload);
}

/**
 * Reads the flags of a job and sets their values in a payload. The values of a list replace the
 * list in the payload.
 */
export function readFlags(
  args: readonly string[],
  {
    parameters,
    base,
    otherFlags = [],
    addFile,
  }: {
    readonly parameters: readonly Parameter[];
    readonly base: JsonObject;
    /** The other options of the command. They are used only for suggestions. */
    readonly otherFlags?: readonly string[];
    readonly addFile: AddFile;
  },
): JsonObject {
  const lists = new Map<Parameter, JsonValue[]>();
  const rest = args.filter((argument) => argument !== "--");
  let payload = base;

  const setValue = (parameter: Parameter, text: string) => {
    payload = addParentDefaults(payload, parameter, parameters);
    if (!parameter.isList) {
      payload = setAtPath(payload, parameter.path, readValue(parameter, text, addFile));
      return;
    }
    const items = [...(lists.get(parameter) ?? []), ...readItems(parameter, text, addFile)];
    lists.set(parameter, items);
    payload = setAtPath(payload, parameter.path, items);
  };

  for (let index = 0; index < rest.length; index += 1) {
    const argument = rest[index] ?? "";
    if (!argument.startsWith("--")) {
      throw argument.startsWith("-") && argument.length > 1 && !NEGATIVE.test(argument)
        ? createUnknownOptionError(argument, parameters, otherFlags)
        : createUnexpectedArgumentError(argument);
    }
    const { name, value } = splitFlag(argument);
    const parameter = findParameter(parameters, name);
    const negated = name.startsWith("no-") ? findParameter(parameters, name.slice(3)) : undefined;
    if (parameter === undefined && negated?.kind === "boolean" && !negated.isList && value === undefined) {
      setValue(negated, "false");
    } else if (parameter === undefined) {
      throw createUnknownOptionError(argument, parameters, otherFlags);
    } else if (value !== undefined) {
      setValue(parameter, value);
    } else if (parameter.kind === "boolean" && !parameter.isList) {
      setValue(parameter, "true");
    } else {
      const next = rest[index + 1];
      const isValue = next !== undefined && (!next.startsWith("-") || next === "-" || NEGATIVE.test(next));
      if (!isValue) {
        const advice = next?.startsWith("-")
          ? `. Pass a value that starts with a dash as --${name}=${next}.`
          : "";
        throw new UsageError(`--${name} requires a value${advice}`);
      }
      setValue(parameter, next);
      index += 1;
    }
  }
  return payload;
}

/**
 * Returns the value to use for a missing required parameter: its default or constant, if there is
 * one.
 */
function getDefault({ schema }: Parameter): JsonValue | undefined {
  const { default: defaultValue, const: constant } = schema;
  if (defaultValue !== undefined || constant === undefined) return defaultValue;
  return isRoundedInteger(constant) ? undefined : constant;
}

/**
 * Finds the required parameters that a payload lacks. Fills in the parameter's default or constant,
 * or an empty object if the parameter's members have their own flags. Returns the filled payload,
 * and all other missing parameters in `missing`.
 */
export function findMissing(
  parameters: readonly Parameter[],
  initial: JsonObject,
): { readonly payload: JsonObject; readonly missing: readonly Parameter[] } {
  const missing: Parameter[] = [];
  let payload = initial;
  for (const parameter of parameters) {
    const { path, isRequired, hasMembers } = parameter;
    const parent = getAtPath(payload, path.slice(0, -1));
    const isNeeded = typeof (path.length === 1 ? payload : parent) === "object" && isRequired;
    if (!isNeeded || getAtPath(payload, path) !== undefined) continue;
    const defaultValue = getDefault(parameter);
    if (defaultValue !== undefined) payload = setAtPath(payload, path, defaultValue);
    else if (hasMembers) payload = setAtPath(payload, path, {});
    else missing.push(parameter);
  }
  return { payload, missing };
}
