import { query } from "./postgres.ts";

/** A database for one measurement, which is dropped when it is disposed. */
export interface Database extends AsyncDisposable {
  readonly url: string;
}

let count = 0;

/** Creates an empty database, or a copy of the database `copyOf`, which must have no open connections. */
export const createDatabase = async (serverUrl: string, copyOf?: string): Promise<Database> => {
  count += 1;
  const name = `bench_${count}`;
  const template = copyOf === undefined ? "template0" : new URL(copyOf).pathname.slice(1);
  const strategy = copyOf === undefined ? "" : "strategy file_copy";
  await query(serverUrl, `create database ${name} template ${template} ${strategy}`);
  // Writes the data of the previous measurement to disk before the next one starts.
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
