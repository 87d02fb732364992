import type { Client } from "../tools.ts";

/** The result of one check. */
export interface CheckResult {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
  /** Recommended action. */
  readonly advice?: string;
}

/** The dependencies of the checks. */
export interface Probe {
  readonly client: Client;
  readonly token: string | undefined;
  /** The room of `--room`; undefined if none was named. */
  readonly room: string | undefined;
  /** This command's own version. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Returns the result of a check that passed. */
export function reportOk(check: string, detail: string): CheckResult {
  return { check, status: "ok", detail };
}

/** Returns the result of something that works now but may stop working, or could be improved. */
export function reportWarning(check: string, detail: string, advice: string): CheckResult {
  return {
    ...{ check, status: "warning", detail, advice },
  };
}

/** Returns the result of a check that failed. */
export function reportFailure(check: string, detail: string, advice: string): CheckResult {
  return {
    ...{ check, status: "failed", detail, advice },
  };
}

/** Returns an error's message. */
export function getMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
