import type { FailureKind, FailureReason } from "./failure-reasons.ts";

/** Thrown if the database cannot be reached or does not execute a statement in time. The message contains the reason. */
export class StorageUnavailable extends Error {
  readonly kind: FailureKind;
  /**
   * True if the connection was lost during the statement: the database may have executed the statement, or
   * may still execute it.
   */
  readonly isOutcomeUnknown: boolean;

  constructor(
    cause: unknown,
    {
      reason,
      isOutcomeUnknown = false,
    }: { readonly reason?: FailureReason; readonly isOutcomeUnknown?: boolean } = {},
  ) {
    super(reason?.text ?? "the database cannot be reached", { cause });
    this.name = "StorageUnavailable";
    this.kind = reason?.kind ?? "unreachable";
    this.isOutcomeUnknown = isOutcomeUnknown;
  }
}

/**
 * Returns the result of an operation, or undefined if its outcome is unknown; the caller then reads the
 * current state. Use it only for operations whose key or fence shows whether they were executed.
 */
export const catchUnknownOutcome = async <Value>(operation: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof StorageUnavailable && error.isOutcomeUnknown) return undefined;
    throw error;
  }
};
