import type { ConnectionSecurity } from "../../../protocol/index.ts";
import type { DatabaseFinding } from "../database/unfit-database.ts";

/** The part of the storage that reports whether a server can use its database. */
export interface DatabaseState {
  /** Makes a round trip to the database; fails if the database is read-only. */
  ping(): Promise<void>;
  /** Returns the reasons why a server cannot use the database with its role; empty if it can. */
  check(): Promise<readonly DatabaseFinding[]>;
  /** Returns the names of the migrations that are not applied yet. */
  pendingMigrations(): Promise<readonly string[]>;
  /** Returns whether the connections to the database are encrypted; null if only the host knows. */
  connectionSecurity(): ConnectionSecurity | null;
}
