import { EXIT, type ExitCode } from "./exit-codes.ts";

/** An end that the person at the terminal can do something about: one line and an exit code. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** Lines that follow the first one, each harmless only after `visible`. */
  readonly details: readonly string[];

  constructor(message: string, exitCode: ExitCode, details: readonly string[] = []) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** The command line is not right. */
export class UsageError extends CliError {
  constructor(message: string) {
    super(message, EXIT.usage);
    this.name = "UsageError";
  }
}

/** The person asked to stop. */
export class InterruptedError extends CliError {
  constructor(message = "interrupted") {
    super(message, EXIT.interrupted);
    this.name = "InterruptedError";
  }
}
