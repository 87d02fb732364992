import { EXIT, type ExitCode } from "../exit-codes.ts";

/** The part of a standard stream that is needed to handle its errors. */
export interface ErrorSource {
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** Handles output that cannot be written. */
export interface OutputErrors {
  /** From now on, lost output does not end the process, because the command serves other users. */
  ignore(): void;
}

/**
 * Ends the process if its result cannot be written to stdout: successfully if the reader closed the pipe (`| head`),
 * with an error for anything else, such as a full disk. Errors of stderr are ignored: they cannot be reported, and only
 * the result counts.
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
