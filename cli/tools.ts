import type { JoblibClient } from "../sdk/http/client.ts";
import type { FetchLike } from "../sdk/http/senders.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Environment, GlobalOptions } from "./global-options.ts";
import type { Interrupts } from "./interrupts.ts";
import type { Io } from "./io.ts";
import type { ReadBytes } from "./payload.ts";
import type { Prompts } from "./prompts.ts";

/** Writes a named file. */
export type WriteText = (path: string, text: string) => Promise<void>;

/** The dependencies of the commands on the process, network and file system; tests replace them. */
export interface Tools {
  readonly env: Environment;
  readonly io: (options: { json: boolean }) => Io;
  /** Loads the SDK on demand, because that takes longer than loading the rest of the CLI. */
  readonly connect: (options: GlobalOptions) => Promise<JoblibClient>;
  /** For requests that are not operations of the API, such as `/readyz` and event streams. */
  readonly fetch: FetchLike;
  readonly version: string;
  readonly interrupts: (signals?: readonly NodeJS.Signals[]) => Interrupts;
  /** Calls the listener for each uncaught error until it is disposed. */
  readonly watchUncaughtErrors: (listener: (error: unknown) => void) => Disposable;
  /** From now on, output that cannot be written is dropped and does not end the process. */
  readonly allowOutputLoss: () => void;
  readonly readBytes: ReadBytes;
  readonly writeText: WriteText;
  /** Asks the user; undefined if there is no terminal. */
  readonly prompts: (() => Promise<Prompts>) | undefined;
  /** Sets the exit code of the process. */
  readonly exit: (code: ExitCode) => void;
}

/** The context of a command that talks to a server. */
export interface ClientContext {
  readonly io: Io;
  readonly client: JoblibClient;
  readonly env: Environment;
  readonly fetch: FetchLike;
  readonly version: string;
  readonly global: GlobalOptions;
  readonly readBytes: ReadBytes;
  readonly writeText: WriteText;
  readonly prompts: Tools["prompts"];
  /** The arguments after the declared ones, including unknown flags. */
  readonly args: readonly string[];
  /** Aborted when the user interrupts the command. */
  readonly signal: AbortSignal;
}

/** The context of a command without a client. */
export interface LocalContext {
  readonly io: Io;
  readonly global: GlobalOptions;
  readonly env: Environment;
  readonly interrupts: Tools["interrupts"];
  readonly watchUncaughtErrors: Tools["watchUncaughtErrors"];
  readonly allowOutputLoss: Tools["allowOutputLoss"];
  readonly readBytes: ReadBytes;
  readonly args: readonly string[];
}

/** Runs a command and returns the exit code. */
export type CommandHandler<Context, Options> = (context: Context, options: Options) => Promise<ExitCode>;
