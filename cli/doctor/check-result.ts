import type { JoblibClient } from "../../sdk/http/client.ts";
import type { FetchLike } from "../../sdk/http/senders.ts";

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
  readonly client: JoblibClient;
  readonly fetch: FetchLike;
  readonly token: string | undefined;
  /** The room of `--room`; undefined if none was named. */
  readonly room: string | undefined;
  /** This command's own version. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Returns the result of a check that passed. */
export const reportOk = (check: string, detail: string): CheckResult => ({ check, status: "ok", detail });

/** Returns the result of something that works now but may stop working, or could be improved. */
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
