import { describe, expect, test } from "vitest";
import { SchemaDefaults } from "../../../protocol/schema/schema-defaults.ts";
import { compileSchema } from "../../../server/schemas/compile-schema.ts";
import { DEFAULT_CASES } from "../../support/default-cases/index.ts";
import { startFakeApi } from "../fake-api.ts";
import { replyWithData } from "../golden-replies.ts";
import { runCli } from "../run-cli.ts";
import { aJob } from "../wire-values.ts";

const run = async (schema: object, argv: readonly string[] = []) => {
  const job = aJob({ schema: JSON.parse(JSON.stringify(schema)) });
  await using api = await startFakeApi((request) =>
    request.method === "GET" && request.path.includes("/jobs/")
      ? { status: 200, body: job }
      : replyWithData(request),
  );
  const { stdout, stderr, exitCode } = await runCli(["run", job.full_name, ...argv, "--url", api.url]);
  const submit = api.received.find(({ method, path }) => method === "POST" && path.includes("/tasks/"));
  const body = submit?.body;
  const payload = typeof body === "object" && body !== null && "payload" in body ? body.payload : undefined;
  return { stdout, stderr, exitCode, payload };
};

describe("no flags", () => {
  test.each(
    DEFAULT_CASES,
  )("`joblib run` without flags results in the same payload as the web form: $name", async ({
    schema,
    form,
    cli,
  }) => {
    const { payload, stderr, exitCode } = await run(schema);

    expect({ payload, exitCode }, stderr).toEqual({ payload: cli, exitCode: cli === undefined ? 5 : 0 });
    if (cli === undefined) return;
    expect(compileSchema(schema)(payload)).toEqual([]);
    // After the worker has added its defaults, the payload equals the payload of the form.
    const filled = new SchemaDefaults(schema).createInitialValue(schema, cli);
    expect(JSON.parse(JSON.stringify(filled))).toEqual(form);
  });
});

describe("flags", () => {
  const settings = {
    type: "object",
    properties: {
      a: { type: "integer", default: 1 },
      b: { type: "integer", default: 1 },
      inner: { type: "object", properties: { c: { type: "integer" } }, default: { c: 3 } },
    },
  };
  const schema = {
    type: "object",
    properties: {
      settings: { $ref: "#/$defs/Settings", default: { a: 5 } },
      maybe: { anyOf: [{ $ref: "#/$defs/Settings" }, { type: "null" }], default: null },
      count: { type: "integer", default: null },
      pick: { enum: [1, "1", null, { a: 1, b: 2 }, "12345678901234567890"] },
    },
    $defs: { Settings: settings },
  };

  test.each<[readonly string[], object]>([
    [["--settings.b", "3"], { settings: { a: 5, b: 3, inner: { c: 3 } } }],
    [["--settings.inner.c", "0"], { settings: { a: 5, b: 1, inner: { c: 0 } } }],
    [["--settings", '{"b": 3}'], { settings: { b: 3 } }],
    [["--settings", '{"b": 3}', "--settings.a", "0"], { settings: { b: 3, a: 0 } }],
    [["--maybe.b", "3"], { maybe: { b: 3 } }],
    [["--pick", "1"], { pick: 1 }],
    [["--pick", '"1"'], { pick: "1" }],
    [["--pick", "1.0"], { pick: 1 }],
    [["--pick", "null"], { pick: null }],
    [["--pick", '{"b": 2, "a": 1}'], { pick: { a: 1, b: 2 } }],
    [["--pick", "12345678901234567890"], { pick: "12345678901234567890" }],
  ])("`joblib run` with the flags %j sends the payload %j", async (argv, payload) => {
    expect(await run(schema, argv)).toMatchObject({ payload, exitCode: 0 });
  });

  test.each([
    [["--count", "9007199254740993"], "--count: 9007199254740993 cannot be sent exactly"],
    [["--count", "9007199254740993.0"], "--count: 9007199254740993.0 cannot be sent exactly"],
    [["--settings", '{"a": 9007199254740993}'], "--settings: 9007199254740993 cannot be sent exactly"],
    [["--set", "settings.a=9007199254740993"], "--set settings.a: 9007199254740993 cannot be sent exactly"],
    [["--set", 'settings={"a": [1e400]}'], "--set settings: 1e400 cannot be sent exactly"],
  ])("`joblib run` with the flags %j rejects a number that would be rounded", async (argv, message) => {
    const { stderr, payload, exitCode } = await run(schema, argv);

    expect({ payload, exitCode }).toEqual({ payload: undefined, exitCode: 5 });
    expect(stderr).toContain(message);
  });

  test("`joblib run --help` lists only defaults that joblib sends or the worker applies", async () => {
    const { stdout } = await run(schema, ["--help"]);

    expect(stdout.replace(/\s+/g, " ")).toContain('default: {"a":5,"b":1,"inner":{"c":3}}');
    expect(stdout).toMatch(/--count <integer>\s+\(integer\)/);
    expect(stdout).not.toMatch(/--count.*default/);
  });
});

test("`tasks submit` rejects an integer that JSON would round", async () => {
  await using api = await startFakeApi(replyWithData);
  const { stderr, exitCode } = await runCli([
    "tasks",
    "submit",
    "public:chemistry:Screen",
    "--payload",
    '{"id": 9007199254740993}',
    "--url",
    api.url,
  ]);

  expect({ exitCode, submits: api.received.length }).toEqual({ exitCode: 5, submits: 0 });
  expect(stderr).toContain("the payload: 9007199254740993 cannot be sent exactly");
});
