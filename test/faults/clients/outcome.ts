import { GatewayError, JoblibError, ProblemError } from "../../../sdk/index.ts";
import type { OperationOutput } from "../history/event.ts";

/** The outcome of a request, as far as the client can know it. */
export type Outcome<Body> =
  | { readonly outcome: "ok"; readonly body: Body; readonly http: number }
  | { readonly outcome: "fail" | "unknown"; readonly problem: string };

/**
 * Returns true if an error response proves that the request had no effect. After a 5xx, the request
 * may have had an effect, because the database's response to a commit may have been lost.
 */
const isDefinite = (error: ProblemError): boolean => error.status < 500;

const toErrorText = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 300);

/** Converts a failed call into its history entry. */
export const toFailure = (
  error: unknown,
): { phase: "fail" | "unknown"; output: OperationOutput & { problem: string } } => {
  const detail = toErrorText(error);
  if (error instanceof ProblemError) {
    const { id: problem, status: http } = error;
    const retryAfter = error.retryAfter !== undefined;
    return {
      phase: isDefinite(error) ? "fail" : "unknown",
      output: { problem, http, detail, retryAfter },
    };
  }
  const http = error instanceof GatewayError ? { http: error.status } : {};
  const problem = error instanceof JoblibError ? error.name : "Error";
  return { phase: "unknown", output: { problem, detail, ...http } };
};
