import { GatewayError, JoblibError, ProblemError } from "../../../sdk/index.ts";
import type { Answered } from "../history/event.ts";

/** What became of a request, as far as a client can tell. */
export type Outcome<Body> =
  | { readonly outcome: "ok"; readonly body: Body; readonly http: number }
  | { readonly outcome: "fail" | "unknown"; readonly problem: string };

/** Whether a refusal means that nothing has happened: a 5xx does not, the database's answer may have been lost. */
const isDefinite = (error: ProblemError): boolean => error.status < 500;

const textOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 300);

/** A failed call as a history has it. */
export const failureOf = (
  error: unknown,
): { phase: "fail" | "unknown"; answered: Answered & { problem: string } } => {
  const detail = textOf(error);
  if (error instanceof ProblemError) {
    const { id: problem, status: http } = error;
    const retryAfter = error.retryAfter !== undefined;
    return {
      phase: isDefinite(error) ? "fail" : "unknown",
      answered: { problem, http, detail, retryAfter },
    };
  }
  const http = error instanceof GatewayError ? { http: error.status } : {};
  const problem = error instanceof JoblibError ? error.name : "Error";
  return { phase: "unknown", answered: { problem, detail, ...http } };
};
