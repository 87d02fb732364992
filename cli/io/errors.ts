import { EXIT, type ExitCode } from "../exit-codes.ts";

/** An error that the user can act on. It has a message of one line and an exit code. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** Lines to print after the message. Untrusted text in them must be escaped with `escapeText`. */
  readonly details: readonly string[];

  constructor(message: string, exitCode: ExitCode, details: readonly string[] = []) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** The command line is invalid. */
export class UsageError extends CliError {
  constructor(message: string) {
    super(message, EXIT.usage);
    this.name = "UsageError";
  }
}

/** The user interrupted the command. */
export class InterruptedError extends CliError {
  constructor(message = "interrupted") {
    super(message, EXIT.interrupted);
    this.name = "InterruptedError";
  }
}

export function getMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Removes the code and the file name from a Node.js message such as `ENOENT: no such file or
 * directory, open '…'`.
 */
export function getErrorReason(error: unknown): string {
  return error instanceof Error
    ? error.message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "")
    : String(error);
}
