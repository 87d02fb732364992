import type { Command } from "commander";
import type * as z from "zod";
import { InterruptedError, UsageError } from "./errors.ts";
import type { ExitCode } from "./exit-codes.ts";
import { applyEnvironment, GlobalOptions } from "./global-options.ts";
import type { ClientContext, CommandHandler, LocalContext, Tools } from "./tools.ts";

/** The action of a command that talks to a server. */
export const clientAction =
  <Options>(tools: Tools, schema: z.ZodType<Options>, run: CommandHandler<ClientContext, Options>) =>
  async (...given: unknown[]): Promise<void> => {
    const { global, options, args } = read(tools, schema, commandOf(given));
    using interrupts = tools.interrupts(["SIGINT"]);
    const context = {
      io: tools.io(global),
      client: await tools.connect(global),
      env: tools.env,
      fetch: tools.fetch,
      version: tools.version,
      global,
      readBytes: tools.readBytes,
      writeText: tools.writeText,
      prompts: tools.prompts,
      args,
      signal: interrupts.first,
    };
    tools.exit(await orInterrupted(run(context, options), interrupts.first));
  };

/** The action of a command that does without a client, or brings up its own. */
export const localAction =
  <Options>(tools: Tools, schema: z.ZodType<Options>, run: CommandHandler<LocalContext, Options>) =>
  async (...given: unknown[]): Promise<void> => {
    const { global, options, args } = read(tools, schema, commandOf(given));
    const { env, interrupts, strays, outliveOutput, readBytes } = tools;
    const io = tools.io(global);
    const context = { io, global, env, interrupts, strays, outliveOutput, readBytes, args };
    tools.exit(await run(context, options));
  };

/** Whatever an interrupted call fails with, the person only asked it to stop. */
const orInterrupted = async (running: Promise<ExitCode>, signal: AbortSignal): Promise<ExitCode> => {
  try {
    return await running;
  } catch (error) {
    throw signal.aborted ? new InterruptedError() : error;
  }
};

const isCommand = (value: unknown): value is Command =>
  typeof value === "object" && value !== null && "processedArgs" in value && "optsWithGlobals" in value;

/** Commander hands an action the command last. */
const commandOf = (given: readonly unknown[]): Command => {
  const command = given.at(-1);
  if (!isCommand(command)) throw new TypeError("an action was called by something else than commander");
  return command;
};

const read = <Options>(tools: Tools, schema: z.ZodType<Options>, command: Command) => {
  const named = command.registeredArguments.map((argument, at) => [
    camelCase(argument.name()),
    command.processedArgs[at],
  ]);
  const given = applyEnvironment(command.optsWithGlobals(), tools.env);
  const argumentNames = new Set(named.map(([name]) => name));
  return {
    global: parse(GlobalOptions, given, new Set()),
    // An argument may be called as an option is: `rooms invite <room>`.
    options: parse(schema, { ...given, ...Object.fromEntries(named) }, argumentNames),
    args: command.args.slice(command.registeredArguments.length),
  };
};

const camelCase = (name: string) => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const parse = <Value>(
  schema: z.ZodType<Value>,
  given: unknown,
  argumentNames: ReadonlySet<unknown>,
): Value => {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? "");
  const shown = argumentNames.has(name) ? `<${kebabCase(name)}>` : `--${kebabCase(name)}`;
  throw new UsageError(name === "" ? (issue?.message ?? "") : `${shown}: ${issue?.message ?? ""}`);
};
