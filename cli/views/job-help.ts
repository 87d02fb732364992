import { Command, Option } from "commander";
import type { Job } from "../../protocol/jobs.ts";
import { escapeLine } from "../io/sanitize.ts";
import { truncate } from "../io/text-width.ts";
import { getParameters, getUnsupportedNames, type Parameter } from "../parameters/parameter.ts";
import { formatChoices } from "../parameters/read-value.ts";
import { formatType, getDescription } from "./schema-view.ts";
import { formatCount, joinParts } from "./units.ts";

const MAX_CHOICES_LENGTH = 24;
const MAX_DEFAULT_LENGTH = 60;
const PLACEHOLDERS = {
  text: "text",
  file: "file",
  number: "number",
  integer: "integer",
  object: "json",
  any: "value",
} as const;

function formatParameterChoices({ choices }: Parameter) {
  return formatChoices(choices ?? [])
    .map(escapeLine)
    .join("|");
}

function formatFlag(parameter: Parameter): string {
  const { flag, kind, isList } = parameter;
  if (kind === "boolean" && !isList) return `--[no-]${flag}`;
  const choices = formatParameterChoices(parameter);
  const placeholder = kind === "boolean" ? "true|false" : PLACEHOLDERS[kind];
  const value = choices === "" ? placeholder : choices.length <= MAX_CHOICES_LENGTH ? choices : "choice";
  return `--${flag} <${value}>${isList ? "..." : ""}`;
}

/**
 * Formats the note that a parameter is required. A member is required only within its object, which
 * may be optional.
 */
function formatRequired(path: readonly string[]) {
  return path.length === 1 ? "required" : `required in ${path.slice(0, -1).join(".")}`;
}

function describeParameter(parameter: Parameter): string {
  const { schema, isRequired, isList, path } = parameter;
  const { default: defaultValue } = schema;
  const properties = [
    isRequired ? formatRequired(path) : "",
    escapeLine(formatType(schema)),
    isList ? "repeatable" : "",
    defaultValue === undefined
      ? ""
      : `default: ${escapeLine(truncate(JSON.stringify(defaultValue), MAX_DEFAULT_LENGTH))}`,
  ];
  const description = escapeLine(getDescription(schema));
  return joinParts([description, `(${joinParts(properties, "; ")})`]);
}

function toOption(parameter: Parameter, index: number): Option {
  // commander requires unique names, but a parameter may have the name of an option. So each option
  // gets an internal name, and only its displayed `flags` have the name of the parameter.
  const option = new Option(`--parameter-${index}`, describeParameter(parameter)).helpGroup("Parameters:");
  option.flags = formatFlag(parameter);
  return option;
}

function formatExample(name: string, parameters: readonly Parameter[]): string {
  const requiredFlags = parameters
    .filter(({ isRequired, path, hasMembers }) => isRequired && path.length === 1 && !hasMembers)
    .slice(0, 3)
    .map((parameter) => (parameter.kind === "boolean" ? `--${parameter.flag}` : `--${parameter.flag} …`));
  return ["$ joblib run", escapeLine(name), ...requiredFlags, "--wait"].join(" ");
}

function formatFooter(job: Job, name: string, parameters: readonly Parameter[]): string {
  const unsupported = getUnsupportedNames(job.schema).map(escapeLine);
  const lines = [
    unsupported.length === 0 ? "" : `Only with --set or --payload-file: ${unsupported.join(", ")}`,
    parameters.length === 0 ? `Payload: ${escapeLine(formatType(job.schema))}` : "",
    job.result_schema === null ? "" : `Result: ${escapeLine(formatType(job.result_schema))}`,
    `${formatCount(job.workers.length, "worker")} online, ${formatCount(job.pending, "pending task")}.`,
  ];
  return `\n${joinParts(lines, "\n")}\n\nExample:\n  ${formatExample(name, parameters)}`;
}

/** The name of the job as the user typed it, the command that runs it, and the width in columns. */
export interface JobHelpOptions {
  readonly name: string;
  readonly runCommand: Command;
  readonly width: number;
}

/** Formats the help of a job in the form of a command's help. */
export function formatJobHelp(job: Job, { name, runCommand, width }: JobHelpOptions): string {
  const parameters = getParameters(job.schema);
  const usage = `joblib run ${escapeLine(name)} [options] [parameters]`;
  const command = new Command("run")
    .description(escapeLine(job.description ?? ""))
    .helpOption("-h, --help", "display this help")
    .addHelpText("after", formatFooter(job, name, parameters))
    .configureHelp({ helpWidth: width, commandUsage: () => usage });
  for (const option of parameters.map(toOption)) command.addOption(option);
  for (const option of runCommand.options) command.addOption(option);
  let text = "";
  command.configureOutput({
    writeOut: (chunk) => {
      text += chunk;
    },
    getOutHelpWidth: () => width,
  });
  command.outputHelp();
  return text.trimEnd();
}
