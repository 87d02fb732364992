/** The database refused a statement for a reason that an administrator must remove: missing rights, missing tables, a password. */
export class StorageRefusal extends Error {
  constructor(cause: Error, advice: string) {
    super(`the database refused a statement (${cause.message}): ${advice}`, { cause });
    this.name = "StorageRefusal";
  }
}

/** A value that PostgreSQL cannot store, whatever the rights: the same again would be refused again. */
export class UnstorableValue extends Error {
  readonly reason: "text" | "size";

  constructor(cause: Error, reason: "text" | "size") {
    super(`the database cannot store a value: ${cause.message}`, { cause });
    this.name = "UnstorableValue";
    this.reason = reason;
  }
}
