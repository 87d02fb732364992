import type { Command } from "commander";
import { exitCodes } from "../cli/exit-codes.ts";
import { COMMAND_NAMES, createProgram } from "../cli/program.ts";
import type { Tools } from "../cli/tools.ts";

const START = "<!-- commands: npm run docs:commands -->";
const END = "<!-- /commands -->";

const never = (): never => {
  throw new Error("no command is run here");
};
const tools: Tools = {
  env: {},
  io: never,
  connect: never,
  fetch: never,
  version: "",
  interrupts: never,
  strays: never,
  outliveOutput: never,
  readBytes: never,
  writeText: never,
  prompts: undefined,
  exit: never,
};

const leavesOf = (command: Command, path: readonly string[]): { path: string; command: Command }[] =>
  command.commands.length === 0
    ? [{ path: path.join(" "), command }]
    : command.commands.flatMap((inner) => leavesOf(inner, [...path, inner.name()]));

/** The table of commands and that of exit codes, as the command line itself defines them. */
export const commandTables = async (): Promise<string> => {
  const streams = { stdout: process.stdout, stderr: process.stderr };
  const everyWord = COMMAND_NAMES.flatMap((name) => name.split(" "));
  const program = await createProgram(tools, everyWord, { ...streams, version: "" });
  const commands = leavesOf(program, ["joblib"]).map(({ path, command }) => {
    const names = command.registeredArguments.map((argument) => ` <${argument.name()}>`);
    return `| \`${path}${names.join("")}\` | ${command.summary()} |`;
  });
  const codes = exitCodes().map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return [
    "| command | what it does |",
    "| --- | --- |",
    ...commands,
    "",
    "| exit code | means |",
    "| --- | --- |",
    ...codes,
  ].join("\n");
};

/** A document with the tables between its marks. */
export const withTables = (document: string, tables: string): string => {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start) throw new Error(`the document lacks ${START} … ${END}`);
  return `${document.slice(0, start + START.length)}\n${tables}\n${document.slice(end)}`;
};
