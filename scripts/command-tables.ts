import type { Command } from "commander";
import { listExitCodes } from "../cli/exit-codes.ts";
import { COMMAND_NAMES, createProgram } from "../cli/program.ts";
import type { Tools } from "../cli/tools.ts";

const START = "<!-- commands: npm run docs:commands -->";
const END = "<!-- /commands -->";

const unavailable = (): never => {
  throw new Error("commands cannot run while the tables are built");
};
const tools: Tools = {
  env: {},
  io: unavailable,
  connect: unavailable,
  version: "",
  interrupts: unavailable,
  watchUncaughtErrors: unavailable,
  allowOutputLoss: unavailable,
  readBytes: unavailable,
  writeText: unavailable,
  writeContent: unavailable,
  prompts: undefined,
  exit: unavailable,
};

const listCommands = (command: Command, path: readonly string[]): { path: string; command: Command }[] =>
  command.commands.length === 0
    ? [{ path: path.join(" "), command }]
    : command.commands.flatMap((inner) => listCommands(inner, [...path, inner.name()]));

/** Builds the tables of commands and exit codes from the definition of the command line. */
export const buildCommandTables = async (): Promise<string> => {
  const streams = { stdout: process.stdout, stderr: process.stderr };
  const words = COMMAND_NAMES.flatMap((name) => name.split(" "));
  const program = await createProgram(tools, words, { ...streams, version: "" });
  const commands = listCommands(program, ["joblib"]).map(({ path, command }) => {
    const names = command.registeredArguments.map((argument) =>
      argument.required ? ` <${argument.name()}>` : ` [${argument.name()}]`,
    );
    return `| \`${path}${names.join("")}\` | ${command.summary()} |`;
  });
  const codes = listExitCodes().map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return [
    "| command | description |",
    "| --- | --- |",
    ...commands,
    "",
    "| exit code | meaning |",
    "| --- | --- |",
    ...codes,
  ].join("\n");
};

/** Replaces the tables between the marker comments of a document, and returns the new document. */
export const replaceTables = (document: string, tables: string): string => {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start)
    throw new Error(`The document has no ${START} … ${END}. Add both comments where the tables belong.`);
  return `${document.slice(0, start + START.length)}\n${tables}\n${document.slice(end)}`;
};
