import { query } from "./postgres.ts";

/** A database of one measurement, dropped when it is disposed of. */
export interface Database extends AsyncDisposable {
  readonly url: string;
}

let made = 0;

/** A new database: an empty one, or a copy of another that nobody is connected to. */
export const newDatabase = async (serverUrl: string, copyOf?: string): Promise<Database> => {
  made += 1;
  const name = `bench_${made}`;
  const template = copyOf === undefined ? "template0" : new URL(copyOf).pathname.slice(1);
  const strategy = copyOf === undefined ? "" : "strategy file_copy";
  await query(serverUrl, `create database ${name} template ${template} ${strategy}`);
  // What the last measurement wrote is on the disk before the next begins.
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
