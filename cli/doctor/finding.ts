import type { FetchLike } from "../../sdk/senders.ts";
import type { Client } from "../tools.ts";

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** What the checks look with. */
export interface Probe {
  readonly client: Client;
  readonly fetch: FetchLike;
  readonly token: string | undefined;
  /** The room that is asked about; undefined where none was named. */
  readonly room: string | undefined;
  /** This command's own version. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/** All is well. */
export const fine = (check: string, detail: string): Finding => ({ check, status: "ok", detail });

/** It works, and may not for long or not as well as it could. */
export const warning = (check: string, detail: string, advice: string): Finding => ({
  ...{ check, status: "warning", detail, advice },
});

/** It does not work. */
export const failed = (check: string, detail: string, advice: string): Finding => ({
  ...{ check, status: "failed", detail, advice },
});

/** An error's own words. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
