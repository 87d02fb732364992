import type { Tables } from "./sessions.ts";

/** A privilege of a table, as PostgreSQL spells it. */
export type TablePrivilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

const READ: readonly TablePrivilege[] = ["SELECT"];
const APPEND: readonly TablePrivilege[] = ["SELECT", "INSERT", "DELETE"];
const ALL: readonly TablePrivilege[] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** What a serving role does with each entity's table; a new entity does not compile until it is listed here. */
const ENTITY_PRIVILEGES: Readonly<Record<keyof Tables, readonly TablePrivilege[]>> = {
  // Jobs are removed by a timestamp, never deleted.
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

/** The privileges that a serving role needs, by the tables of the schema `joblib`. */
export const TABLE_PRIVILEGES: Readonly<Record<string, readonly TablePrivilege[]>> = {
  ...ENTITY_PRIVILEGES,
  migration: READ,
};

/** The sequences of the schema `joblib`; a serving role needs USAGE on each. */
export const SEQUENCES: readonly string[] = ["task_number"];

/** The functions of PostgreSQL that some administrators withhold from PUBLIC; joblib calls both. */
export const FUNCTIONS: readonly string[] = [
  "pg_catalog.pg_advisory_xact_lock(bigint)",
  "pg_catalog.pg_try_advisory_xact_lock(bigint)",
];
