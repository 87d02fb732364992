import type { JoblibClient } from "../sdk/http/client.ts";
import type { Environment, GlobalOptions } from "./connect/global-options.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Io } from "./io/output.ts";
import type { Prompts } from "./io/prompts.ts";
import type { ReadBytes } from "./parameters/payload.ts";
import type { Interrupts } from "./worker/interrupts.ts";

export type Client = JoblibClient;

export type WriteText = (path: string, text: string) => Promise<void>;

/** Writes bytes to stdout, in constant memory. */
export type WriteContent = (content: AsyncIterable<Uint8Array>) => Promise<void>;

/** The parts of the process, network and file system that commands use. Tests replace them. */
export interface Tools {
  readonly env: Environment;
  readonly io: (options: { json: boolean }) => Io;
  /**
   * Creates a client. Imports the SDK on demand, because loading the SDK takes longer than loading
   * the rest of the CLI.
   */
  readonly connect: (options: GlobalOptions) => Promise<Client>;
  readonly version: string;
  readonly interrupts: (signals?: readonly NodeJS.Signals[]) => Interrupts;
  /**
   * Calls the listener for each uncaught error. Disposing the returned value removes the listener.
   */
  readonly watchUncaughtErrors: (listener: (error: unknown) => void) => Disposable;
  /** After this call, output that cannot be written is dropped and does not end the process. */
  readonly allowOutputLoss: () => void;
  readonly readBytes: ReadBytes;
  readonly writeText: WriteText;
  readonly writeContent: WriteContent;
  /** Creates prompts to ask the user. Undefined if there is no terminal. */
  readonly prompts: (() => Promise<Prompts>) | undefined;
  /** Sets the exit code of the process. */
  readonly exit: (code: ExitCode) => void;
}

/** The context of every command. */
interface CommandContext extends Omit<Tools, "io" | "connect" | "exit"> {
  readonly io: Io;
  readonly global: GlobalOptions;
  /** The arguments that follow the declared arguments of the command, including unknown flags. */
  readonly args: readonly string[];
}

/** The context of a command that talks to a server. */
export interface ClientContext extends Omit<CommandContext, "interrupts"> {
  readonly client: Client;
  /** Aborted when the user interrupts the command. */
  readonly signal: AbortSignal;
}

/** The context of a command that needs no client, or creates its own. */
export type LocalContext = CommandContext;

/** Runs a command and returns the exit code. */
export type CommandHandler<Context, Options> = (context: Context, options: Options) => Promise<ExitCode>;
