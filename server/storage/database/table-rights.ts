import type { Tables } from "../sessions/orm.ts";

/** A table privilege of PostgreSQL. */
export type TablePrivilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

const READ: readonly TablePrivilege[] = ["SELECT"];
const APPEND: readonly TablePrivilege[] = ["SELECT", "INSERT", "DELETE"];
const ALL: readonly TablePrivilege[] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** The privileges that a serving role needs on the table of each entity. A new entity is a type error until it is added. */
const ENTITY_PRIVILEGES: Readonly<Record<keyof Tables, readonly TablePrivilege[]>> = {
  // A removed job gets a timestamp; its row is not deleted.
  job: ["SELECT", "INSERT", "UPDATE"],
  worker: ALL,
  worker_job: APPEND,
  task: ALL,
  task_place: APPEND,
  late_result: ALL,
  room_turn: ALL,
  task_log: APPEND,
  invitation: ALL,
};

/** The privileges that a serving role needs on each table of the schema `joblib`. */
export const TABLE_PRIVILEGES: Readonly<Record<string, readonly TablePrivilege[]>> = {
  ...ENTITY_PRIVILEGES,
  migration: READ,
};

/** The sequences of the schema `joblib`. A serving role needs USAGE on each. */
export const SEQUENCES: readonly string[] = ["task_number"];

/** Functions that joblib calls and that some administrators revoke from PUBLIC. */
export const FUNCTIONS: readonly string[] = [
  "pg_catalog.pg_advisory_xact_lock(bigint)",
  "pg_catalog.pg_try_advisory_xact_lock(bigint)",
];
