import type { Tables } from "../sessions/orm.ts";

export type TablePrivilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

const READ: readonly TablePrivilege[] = ["SELECT"];
const APPEND: readonly TablePrivilege[] = ["SELECT", "INSERT", "DELETE"];
const ALL: readonly TablePrivilege[] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/**
 * The privileges that the role of a server needs on the table of each entity. If an entity is missing here,
 * compilation fails.
 */
const ENTITY_PRIVILEGES: Readonly<Record<keyof Tables, readonly TablePrivilege[]>> = {
  // No DELETE: a removed job is only marked by a timestamp.
  job: ["SELECT", "INSERT", "UPDATE"],
  worker: ALL,
  worker_job: APPEND,
  task: ALL,
  task_listing: APPEND,
  late_result: ALL,
  room_queue: ALL,
  task_log: APPEND,
  invitation: ALL,
};

/** The privileges that the role of a server needs on each table of the schema `joblib`. */
export const TABLE_PRIVILEGES: Readonly<Record<string, readonly TablePrivilege[]>> = {
  ...ENTITY_PRIVILEGES,
  migration: READ,
};

/** The sequences of the schema `joblib`. The role of a server needs USAGE on each of them. */
export const SEQUENCES: readonly string[] = ["task_number"];

/** The functions that joblib calls, and that some administrators revoke from PUBLIC. */
export const FUNCTIONS: readonly string[] = [
  "pg_catalog.pg_advisory_xact_lock(bigint)",
  "pg_catalog.pg_try_advisory_xact_lock(bigint)",
];
