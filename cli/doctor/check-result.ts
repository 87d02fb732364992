import type { Client } from "../tools.ts";

export interface CheckResult {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
  readonly advice?: string;
}

/** The server to check, and what else every check needs. */
export interface CheckContext {
  readonly client: Client;
  readonly token: string | undefined;
  /** The room of `--room`; undefined if the option is missing. */
  readonly room: string | undefined;
  /** The version of this command line. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Returns the result of a check that passed. */
export function reportOk(check: string, detail: string): CheckResult {
  return { check, status: "ok", detail };
}

/**
 * Returns the result of a check of something that works, but may stop working or could be improved.
 */
export function reportWarning(check: string, detail: string, advice: string): CheckResult {
  return { check, status: "warning", detail, advice };
}

/** Returns the result of a check that failed. */
export function reportFailure(check: string, detail: string, advice: string): CheckResult {
  return { check, status: "failed", detail, advice };
}
