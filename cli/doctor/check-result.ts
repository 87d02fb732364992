import type { FetchLike } from "../../sdk/senders.ts";
import type { Client } from "../tools.ts";

/** The result of one check. */
export interface CheckResult {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
  /** The recommended action. */
  readonly advice?: string;
}

export interface Probe {
  readonly client: Client;
  readonly fetch: FetchLike;
  readonly token: string | undefined;
  /** The room of `--room`; undefined if the option is missing. */
  readonly room: string | undefined;
  /** The version of this command line. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Returns the result of a check that passed. */
export const reportOk = (check: string, detail: string): CheckResult => ({ check, status: "ok", detail });

/** Returns the result of a check of something that works, but may stop working or could be improved. */
export const reportWarning = (check: string, detail: string, advice: string): CheckResult => ({
  ...{ check, status: "warning", detail, advice },
});

/** Returns the result of a check that failed. */
export const reportFailure = (check: string, detail: string, advice: string): CheckResult => ({
  ...{ check, status: "failed", detail, advice },
});

/** Returns an error's message. */
export const getMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
