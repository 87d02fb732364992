import { EXIT, type ExitCode } from "../exit-codes.ts";

/** The part of a standard stream that is needed to handle its errors. */
export interface ErrorSource {
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** Handles errors of stdout and stderr. */
export interface OutputErrors {
  /**
   * After this call, lost output does not end the process, because a server or a worker must keep
   * running.
   */
  ignore(): void;
}

/**
 * Ends the process if its result cannot be written to stdout: with exit code 0 if the reader closed
 * the pipe (`| head`), otherwise with an error, for example if the disk is full. Errors of stderr
 * are ignored, because they cannot be reported and only the result is important.
 */
export function handleOutputErrors(
  { stdout, stderr }: { readonly stdout: ErrorSource; readonly stderr: ErrorSource },
  exit: (code: ExitCode, cause?: Error) => void,
): OutputErrors {
  let isIgnored = false;
  stderr.on("error", () => {});
  stdout.on("error", (error) => {
    if (isIgnored) return;
    if (error.code === "EPIPE") exit(EXIT.ok);
    else exit(EXIT.usage, error);
  });
  return {
    ignore() {
      isIgnored = true;
    },
  };
}
