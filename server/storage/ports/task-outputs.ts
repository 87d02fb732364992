import type { OutputPart } from "../../../protocol/index.ts";

/** Parts of an attempt's output, from its worker. */
export interface NewOutputParts {
  readonly taskId: string;
  readonly attempt: number;
  /** If set, the task must still be assigned to this worker. */
  readonly workerId?: string;
  /** Number of the first part. */
  readonly number: number;
  /** The parts as a JSON array. */
  readonly json: string;
  readonly count: number;
  /** Size of the parts in bytes. */
  readonly bytes: number;
  /** Maximum size of the attempt's output in bytes. */
  readonly maxBytes: number;
}

/** The output of an attempt before an append, and whether the parts were appended. */
export interface AppendedOutput {
  readonly isStored: boolean;
  /** Number of the next part. */
  readonly next: number;
  readonly bytes: number;
}

/** The position of a part in the output of one attempt. */
export interface OutputOffset {
  readonly attempt: number;
  readonly number: number;
}

export interface TaskOutputStorage {
  /**
   * Appends parts, provided that `number` is the next number and that the output does not become
   * too large. Concurrent appends to one attempt cannot both succeed. Returns undefined if this
   * attempt of the task is not running.
   */
  append(parts: NewOutputParts): Promise<AppendedOutput | undefined>;
  /** Returns parts from an offset, in order, up to a limited total size. */
  read(taskId: string, from: OutputOffset): Promise<readonly OutputPart[]>;
}
