/**
 * Thrown if the database refuses a statement until an administrator acts, for example because of missing
 * rights or tables, or a wrong password.
 */
export class StorageRefusal extends Error {
  constructor(cause: Error, advice: string) {
    super(`the database refused a statement (${cause.message}): ${advice}`, { cause });
    this.name = "StorageRefusal";
  }
}

/** Thrown if PostgreSQL cannot store a value. A retry cannot succeed. */
export class UnstorableValue extends Error {
  readonly reason: "text" | "size";

  constructor(cause: Error, reason: "text" | "size") {
    super(`the database cannot store a value: ${cause.message}`, { cause });
    this.name = "UnstorableValue";
    this.reason = reason;
  }
}
