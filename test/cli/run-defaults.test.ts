import { describe, expect, test } from "vitest";
import { SchemaDefaults } from "../../protocol/schema/schema-defaults.ts";
import { compileSchema } from "../../server/schemas/compile-schema.ts";
import { DEFAULT_CASES } from "../support/default-cases.ts";
import { startFakeApi } from "./fake-api.ts";
import { server } from "./golden-answers.ts";
import { runCli } from "./run-cli.ts";
import { aJob } from "./wire-values.ts";

const run = async (schema: object, argv: readonly string[] = []) => {
  const job = aJob({ schema: JSON.parse(JSON.stringify(schema)) });
  await using api = await startFakeApi((request) =>
    request.method === "GET" && request.path.includes("/jobs/")
      ? { status: 200, body: job }
      : server(request),
  );
  const { stdout, stderr, exitCode } = await runCli(["run", job.full_name, ...argv, "--url", api.url]);
  const submit = api.received.find(({ method, path }) => method === "POST" && path.includes("/tasks/"));
  const body = submit?.body;
  const payload = typeof body === "object" && body !== null && "payload" in body ? body.payload : undefined;
  return { stdout, stderr, exitCode, payload };
};

describe("`joblib run` without flags sends", () => {
  test.each(DEFAULT_CASES)("$name", async ({ schema, form, cli }) => {
    const { payload, stderr, exitCode } = await run(schema);

    expect({ payload, exitCode }, stderr).toEqual({ payload: cli, exitCode: cli === undefined ? 5 : 0 });
    if (cli === undefined) return;
    expect(compileSchema(schema)(payload)).toEqual([]);
    // What the worker fills in makes it what the form sends.
    const filled = new SchemaDefaults(schema).begin(schema, cli);
    expect(JSON.parse(JSON.stringify(filled))).toEqual(form);
  });
});
