import type { FailureKind, FailureReason } from "./failure-reasons.ts";

/** Thrown if the database cannot be reached, or did not carry the statement out in time; the message says why. */
export class StorageUnavailable extends Error {
  readonly kind: FailureKind;
  /** The statement was on its way when the connection was lost: it may have been carried out, or may be yet. */
  readonly isOutcomeUnknown: boolean;

  constructor(
    cause: unknown,
    {
      reason,
      isOutcomeUnknown: isUnknown = false,
    }: { readonly reason?: FailureReason; readonly isOutcomeUnknown?: boolean } = {},
  ) {
    super(reason?.text ?? "the database cannot be reached", { cause });
    this.name = "StorageUnavailable";
    this.kind = reason?.kind ?? "unreachable";
    this.isOutcomeUnknown = isUnknown;
  }
}

/**
 * Returns what a step came to, or undefined if its answer was lost: then the caller looks instead of guessing. Only for
 * steps that tell by a key or a fence of their own whether they were carried out.
 */
export const catchUnknownOutcome = async <Value>(step: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await step;
  } catch (error) {
    if (error instanceof StorageUnavailable && error.isOutcomeUnknown) return undefined;
    throw error;
  }
};
