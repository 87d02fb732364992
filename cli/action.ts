import type { Command } from "commander";
import type * as z from "zod";
import { applyEnvironment, GlobalOptions } from "./connect/global-options.ts";
import { toKebabCase } from "./connect/option-values.ts";
import type { ExitCode } from "./exit-codes.ts";
import { InterruptedError, UsageError } from "./io/errors.ts";
import type { ClientContext, CommandHandler, LocalContext, Tools } from "./tools.ts";

/** Returns the action of a command that talks to a server. */
export function clientAction<Options>(
  tools: Tools,
  schema: z.ZodType<Options>,
  handler: CommandHandler<ClientContext, Options>,
) {
  return async function runClientCommand(...actionArguments: unknown[]): Promise<void> {
    const { options, ...given } = readOptions(tools, schema, getCommand(actionArguments));
    using interrupts = tools.interrupts(["SIGINT"]);
    const { global } = given;
    const client = await tools.connect(global);
    const context = { ...tools, ...given, io: tools.io(global), client, signal: interrupts.first };
    tools.exit(await rethrowAsInterrupted(handler(context, options), interrupts.first));
  };
}

/** Returns the action of a command that needs no client, or creates its own client. */
export function localAction<Options>(
  tools: Tools,
  schema: z.ZodType<Options>,
  handler: CommandHandler<LocalContext, Options>,
) {
  return async function runLocalCommand(...actionArguments: unknown[]): Promise<void> {
    const { options, ...given } = readOptions(tools, schema, getCommand(actionArguments));
    tools.exit(await handler({ ...tools, ...given, io: tools.io(given.global) }, options));
  };
}

/**
 * Replaces every error of an interrupted command with an InterruptedError, because the user stopped
 * the command on purpose.
 */
async function rethrowAsInterrupted(running: Promise<ExitCode>, signal: AbortSignal): Promise<ExitCode> {
  try {
    return await running;
  } catch (error) {
    throw signal.aborted ? new InterruptedError() : error;
  }
}

function isCommand(value: unknown): value is Command {
  return (
    typeof value === "object" && value !== null && "processedArgs" in value && "optsWithGlobals" in value
  );
}

/** Returns the command, which commander passes to an action as the last argument. */
function getCommand(actionArguments: readonly unknown[]): Command {
  const command = actionArguments.at(-1);
  if (!isCommand(command)) throw new TypeError("an action must be called by commander");
  return command;
}

function readOptions<Options>(tools: Tools, schema: z.ZodType<Options>, command: Command) {
  const namedArguments = command.registeredArguments.map((argument, index) => [
    toCamelCase(argument.name()),
    command.processedArgs[index],
  ]);
  const values = applyEnvironment(command.optsWithGlobals(), tools.env);
  const argumentNames = new Set(namedArguments.map(([name]) => name));
  return {
    global: parseOptions(GlobalOptions, values, new Set()),
    // An argument may have the same name as an option, such as `<room>` and `--room`. The argument
    // takes precedence.
    options: parseOptions(schema, { ...values, ...Object.fromEntries(namedArguments) }, argumentNames),
    args: command.args.slice(command.registeredArguments.length),
  };
}

const toCamelCase = (name: string) => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function parseOptions<Value>(
  schema: z.ZodType<Value>,
  values: unknown,
  argumentNames: ReadonlySet<unknown>,
): Value {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? "");
  const label = argumentNames.has(name) ? `<${toKebabCase(name)}>` : `--${toKebabCase(name)}`;
  throw new UsageError(name === "" ? (issue?.message ?? "") : `${label}: ${issue?.message ?? ""}`);
}
