import { type FieldError, ProblemDocument, type ProblemId, problemIdOf } from "../../protocol/problem.ts";

/** Why a request came to nothing: the server's own problem, an answer that is not joblib's, or none at all. */
export class Failure extends Error {
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly id: ProblemId | undefined;
  readonly title: string;
  readonly errors: readonly FieldError[];

  constructor(status: number, title: string, detail: string, document?: ProblemDocument) {
    super(detail);
    this.name = "Failure";
    this.status = status;
    this.title = title;
    this.id = document === undefined ? undefined : problemIdOf(document.type);
    this.errors = document?.errors ?? [];
  }

  /** True where the same request may go well a little later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The failure that an answer tells of. */
export const failureOf = (status: number, text: string): Failure => {
  try {
    const document = ProblemDocument.safeParse(JSON.parse(text));
    if (document.success)
      return new Failure(status, document.data.title, document.data.detail, document.data);
  } catch {
    // What is no JSON is nobody's problem document.
  }
  return new Failure(status, "An answer that is not joblib's", `The server answered ${status}.`);
};

/** The failure of a request that had no answer. */
export const noAnswer = (): Failure =>
  new Failure(0, "The server cannot be reached", "There was no answer. It is tried again by itself.");
