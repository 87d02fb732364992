import type { JoblibClient } from "../sdk/client.ts";
import type { FetchLike } from "../sdk/senders.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Environment, GlobalOptions } from "./global-options.ts";
import type { Interrupts } from "./interrupts.ts";
import type { Io } from "./io.ts";
import type { ReadBytes } from "./payload.ts";
import type { Prompts } from "./prompts.ts";

/** What of the SDK's client the commands use. */
export type Client = Pick<JoblibClient, "url" | "call" | "awaitTask" | "follow">;

/** Writes a named file. */
export type WriteText = (path: string, text: string) => Promise<void>;

/** Everything of the outside world that commands are given; a test gives its own. */
export interface Tools {
  readonly env: Environment;
  readonly io: (choice: { json: boolean }) => Io;
  /** Loads the SDK, which costs more than all of the CLI, when the first command wants it. */
  readonly connect: (options: GlobalOptions) => Promise<Client>;
  /** For what no operation of the API is: health, and how long an answer is held. */
  readonly fetch: FetchLike;
  readonly version: string;
  readonly interrupts: (signals?: readonly NodeJS.Signals[]) => Interrupts;
  /** Hears of errors that nobody caught. */
  readonly strays: (tell: (error: unknown) => void) => Disposable;
  /** From now on output that cannot be written is dropped, and does not end the process. */
  readonly outliveOutput: () => void;
  readonly readBytes: ReadBytes;
  readonly writeText: WriteText;
  /** Asks the person at the terminal; undefined where nobody sits there. */
  readonly prompts: (() => Promise<Prompts>) | undefined;
  /** Is told how a command that came to its end wants the process to end. */
  readonly exit: (code: ExitCode) => void;
}

/** What the run function of a command that talks to a server is given. */
export interface ClientContext {
  readonly io: Io;
  readonly client: Client;
  readonly env: Environment;
  readonly fetch: FetchLike;
  readonly version: string;
  readonly global: GlobalOptions;
  readonly readBytes: ReadBytes;
  readonly writeText: WriteText;
  readonly prompts: Tools["prompts"];
  /** What stands behind the arguments that the command names, flags that it does not know included. */
  readonly args: readonly string[];
  /** Aborted when the person asks to stop. */
  readonly signal: AbortSignal;
}

/** What the run function of a command that does without a client is given. */
export interface LocalContext {
  readonly io: Io;
  readonly global: GlobalOptions;
  readonly env: Environment;
  readonly interrupts: Tools["interrupts"];
  readonly strays: Tools["strays"];
  readonly outliveOutput: Tools["outliveOutput"];
  readonly readBytes: ReadBytes;
  readonly args: readonly string[];
}

/** Acts on what it is given, and says how the process should end. */
export type CommandHandler<Context, Options> = (context: Context, options: Options) => Promise<ExitCode>;
