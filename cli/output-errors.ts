import { EXIT, type ExitCode } from "./exit-codes.ts";

/** What of a standard stream is needed to handle its errors. */
export interface ErrorSource {
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** How a command that prints a result handles output that cannot be written. */
export interface OutputErrors {
  /** From now on lost output does not end the process: this command does work for others. */
  ignore(): void;
}

/**
 * Ends the process when its result cannot be written to stdout. A reader that has seen enough (`| head`) is a success,
 * a full disk is not. Errors of stderr are ignored: there is no place left to report them, and the result counts.
 */
export const handleOutputErrors = (
  { stdout, stderr }: { readonly stdout: ErrorSource; readonly stderr: ErrorSource },
  exit: (code: ExitCode, cause?: Error) => void,
): OutputErrors => {
  let isIgnored = false;
  stderr.on("error", () => {});
  stdout.on("error", (error) => {
    if (isIgnored) return;
    if (error.code === "EPIPE") exit(EXIT.fine);
    else exit(EXIT.usage, error);
  });
  return {
    ignore() {
      isIgnored = true;
    },
  };
};
