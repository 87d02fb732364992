import { query } from "./postgres.ts";

/** A database for one measurement. Disposing it drops the database. */
export interface Database extends AsyncDisposable {
  readonly url: string;
}

let count = 0;

/**
 * Creates an empty database, or a copy of the database `copyOf`. The copied database must have no
 * open connections.
 */
export const createDatabase = async (serverUrl: string, copyOf?: string): Promise<Database> => {
  count += 1;
  const name = `bench_${count}`;
  const template = copyOf === undefined ? "template0" : new URL(copyOf).pathname.slice(1);
  const strategy = copyOf === undefined ? "" : "strategy file_copy";
  await query(serverUrl, `create database ${name} template ${template} ${strategy}`);
  // Writes the data of the previous measurement to disk now, so that PostgreSQL does not write it
  // during the next measurement.
  await query(serverUrl, "checkpoint");
  const url = new URL(serverUrl);
  url.pathname = name;
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await query(serverUrl, `drop database if exists ${name} with (force)`);
    },
  };
};
