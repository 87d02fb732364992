import { Batcher, type BatcherOptions } from "../../../protocol/batcher.ts";
import { StorageUnavailable } from "../sessions/storage-errors.ts";

/**
 * Combines concurrent calls into one SQL statement. If the database is unavailable, all calls of
 * the batch fail at once. They are not run again separately, because each would wait for its own
 * timeout.
 */
export class StatementBatcher<Call, Result> extends Batcher<Call, Result> {
  constructor(options: Omit<BatcherOptions<Call, Result>, "failsWholeBatch">) {
    super({ ...options, failsWholeBatch: (error) => error instanceof StorageUnavailable });
  }
}
