import { type FieldError, ProblemDocument, type ProblemId, parseProblemId } from "../../protocol/problem.ts";

/**
 * A failed request: the server returned a problem or an unexpected response, or did not respond.
 */
export class Failure extends Error {
  /** The HTTP status. It is 0 if there was no response. */
  readonly status: number;
  readonly id: ProblemId | undefined;
  readonly title: string;
  readonly errors: readonly FieldError[];

  constructor(status: number, title: string, detail: string, document?: ProblemDocument) {
    super(detail);
    this.name = "Failure";
    this.status = status;
    this.title = title;
    this.id = document === undefined ? undefined : parseProblemId(document.type);
    this.errors = document?.errors ?? [];
  }

  /** True if the same request may succeed later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Converts an error response to a failure. */
export const parseFailure = (status: number, text: string): Failure => {
  try {
    const document = ProblemDocument.safeParse(JSON.parse(text));
    if (document.success)
      return new Failure(status, document.data.title, document.data.detail, document.data);
  } catch {
    // The text is not JSON, so it is not a problem document.
  }
  return new Failure(
    status,
    "Unexpected response",
    `The response with status ${status} does not come from a joblib server.`,
  );
};

/** Creates the failure of a request that received no response. */
export const createNoResponseFailure = (): Failure =>
  new Failure(0, "Cannot reach the server", "The server did not respond. Check the network connection.");
