import { Command, Option } from "commander";
import type { Job } from "../../protocol/job.ts";
import { getParameters, getUnsupportedNames, type Parameter } from "../parameters/parameter.ts";
import { formatChoices } from "../parameters/read-value.ts";
import { escapeLine } from "../sanitize.ts";
import { truncate } from "../table.ts";
import { formatType, getDescription } from "./schema-view.ts";

const LONGEST_CHOICES = 24;
const LONGEST_DEFAULT = 60;
const PLACEHOLDERS = {
  text: "text",
  number: "number",
  integer: "integer",
  object: "json",
  any: "value",
} as const;

const choicesText = ({ choices }: Parameter) =>
  formatChoices(choices ?? [])
    .map(escapeLine)
    .join("|");

const termOf = (parameter: Parameter): string => {
  const { flag, kind, isList } = parameter;
  if (kind === "boolean" && !isList) return `--[no-]${flag}`;
  const choices = choicesText(parameter);
  const placeholder = kind === "boolean" ? "true|false" : PLACEHOLDERS[kind];
  const shown = choices === "" ? placeholder : choices.length <= LONGEST_CHOICES ? choices : "choice";
  return `--${flag} <${shown}>${isList ? "..." : ""}`;
};

/** Of an object that need not be there a member may be needed all the same. */
const neededText = (path: readonly string[]) =>
  path.length === 1 ? "required" : `required in ${path.slice(0, -1).join(".")}`;

const aboutOf = (parameter: Parameter): string => {
  const { schema, isRequired, isList, path } = parameter;
  const { default: fallback } = schema;
  const facts = [
    isRequired ? neededText(path) : "",
    escapeLine(formatType(schema)),
    isList ? "repeatable" : "",
    fallback === undefined
      ? ""
      : `default ${escapeLine(truncate(JSON.stringify(fallback), LONGEST_DEFAULT))}`,
  ];
  const description = escapeLine(getDescription(schema));
  return [description, `(${facts.filter((fact) => fact !== "").join("; ")})`]
    .filter((part) => part !== "")
    .join(" ");
};

const optionOf = (parameter: Parameter, index: number): Option => {
  // Under a name of our own: a parameter may be called as an option is. What is shown may be anything.
  const option = new Option(`--parameter-${index}`, aboutOf(parameter)).helpGroup("Parameters:");
  option.flags = termOf(parameter);
  return option;
};

const exampleOf = (name: string, parameters: readonly Parameter[]): string => {
  const needed = parameters
    .filter(({ isRequired, path, hasMembers }) => isRequired && path.length === 1 && !hasMembers)
    .slice(0, 3)
    .map((parameter) => (parameter.kind === "boolean" ? `--${parameter.flag}` : `--${parameter.flag} …`));
  return ["$ joblib run", escapeLine(name), ...needed, "--wait"].join(" ");
};

const afterOf = (job: Job, name: string, parameters: readonly Parameter[]): string => {
  const others = getUnsupportedNames(job.schema).map(escapeLine);
  const lines = [
    others.length === 0 ? "" : `By --set or --file alone: ${others.join(", ")}`,
    parameters.length === 0 ? `Payload: ${escapeLine(formatType(job.schema))}` : "",
    job.result_schema === null ? "" : `Result: ${escapeLine(formatType(job.result_schema))}`,
    `${job.workers.length} worker(s) alive, ${job.pending} pending.`,
  ];
  return `\n${lines.filter((line) => line !== "").join("\n")}\n\nExample:\n  ${exampleOf(name, parameters)}`;
};

/** How the help of a job is written: by the name that the person gave it, and beside the options of the command that runs it. */
export interface JobHelpOptions {
  readonly name: string;
  readonly own: Command;
  readonly width: number;
}

/** The help of one job, as if it were a command of its own. */
export const formatJobHelp = (job: Job, { name, own, width }: JobHelpOptions): string => {
  const parameters = getParameters(job.schema);
  const usage = `joblib run ${escapeLine(name)} [options] [parameters]`;
  const command = new Command("run")
    .description(escapeLine(job.description ?? ""))
    .helpOption("-h, --help", "display this help")
    .addHelpText("after", afterOf(job, name, parameters))
    .configureHelp({ helpWidth: width, commandUsage: () => usage });
  for (const option of parameters.map(optionOf)) command.addOption(option);
  for (const option of own.options) command.addOption(option);
  let text = "";
  command.configureOutput({
    writeOut: (chunk) => {
      text += chunk;
    },
    getOutHelpWidth: () => width,
  });
  command.outputHelp();
  return text.trimEnd();
};
