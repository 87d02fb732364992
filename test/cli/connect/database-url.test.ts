import { expect, inject, test } from "vitest";
import { createDatabase } from "../../support/postgres.ts";
import { runCli } from "../run-cli.ts";

const commands = [["migrate"], ["serve", "--port", "0"]];

test.each(
  commands,
)("`joblib %s` prints the name of a URL parameter that joblib does not support, and exits with code 2", async (...argv) => {
  const env = { JOBLIB_DATABASE_URL: "postgres://ann:hunter2@db/jobs?sslmode=prefer" };
  const { exitCode, stderr } = await runCli(argv, { env });

  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^[^\n]*JOBLIB_DATABASE_URL: sslmode=prefer: is not supported[^\n]*\n$/);
  expect(stderr).not.toContain("hunter2");
});

test.each(
  commands,
)("`joblib %s` prints the path of a missing certificate file, and exits with code 2", async (...argv) => {
  const env = { JOBLIB_DATABASE_URL: "postgres://db/jobs?sslmode=verify-full&sslrootcert=/none/ca.pem" };
  const { exitCode, stderr } = await runCli(argv, { env });

  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^[^\n]*sslrootcert: the file \/none\/ca\.pem cannot be read[^\n]*\n$/);
});

test.each(
  commands,
)("`joblib %s` prints in one line that the database server does not offer TLS, and exits with code 11", async (...argv) => {
  const env = { JOBLIB_DATABASE_URL: `${await createDatabase(inject("postgresUrl"))}?sslmode=require` };
  const { exitCode, stderr } = await runCli(argv, { env: { ...env, JOBLIB_LOG_LEVEL: "silent" } });

  expect(exitCode).toBe(11);
  expect(stderr).toMatch(
    /^[^\n]*the database refused the connection: the server does not offer TLS[^\n]*\n$/,
  );
});

test("`joblib serve` prints the path of a missing Redis certificate file, and exits with code 2", async () => {
  const env = {
    JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")),
    JOBLIB_REDIS_URL: "rediss://cache?ssl_ca_certs=/none/ca.pem",
    JOBLIB_LOG_LEVEL: "silent",
  };
  const { exitCode, stderr } = await runCli(["serve", "--port", "0"], { env });

  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^[^\n]*Redis URL: ssl_ca_certs: the file \/none\/ca\.pem cannot be read[^\n]*\n$/);
});
