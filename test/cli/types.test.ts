import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Job } from "../../protocol/index.ts";
import { spawnProcess } from "../support/processes.ts";
import { startFakeApi } from "./fake-api.ts";
import { runCli } from "./run-cli.ts";
import { aJob, aPage } from "./wire-values.ts";

const ROOT = resolve(import.meta.dirname, "../..");
// Not --skipLibCheck, which would not look into what was written.
const OPTIONS =
  "--ignoreConfig --noEmit --strict --target esnext --module nodenext --types node --pretty false";

const typesOf = async (...jobs: Job[]) => {
  await using api = await startFakeApi(() => aPage(jobs));
  const { exitCode, stdout } = await runCli(["types", "--room", "lab", "--url", api.url]);
  expect(exitCode).toBe(0);
  return stdout;
};

/** What the compiler says of a program that uses the types; the empty text where it says nothing. */
const compiled = async (types: string, program: string) => {
  const directory = mkdtempSync(join(import.meta.dirname, "tmp-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "jobs.d.ts"), types);
  const path = join(directory, "program.ts");
  writeFileSync(
    path,
    `import { JobManager } from "joblib";\nimport type { Jobs } from "./jobs.d.ts";\n${program}`,
  );
  const tsc = spawnProcess(process.execPath, [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    ...OPTIONS.split(" "),
    path,
  ]);
  await tsc.exit;
  return tsc.stdout();
};

const MANAGER = `const jobs = new JobManager<unknown, Jobs>({ room: "lab" });\n`;

const descriptors = aJob({
  full_name: "public:chemistry:Descriptors",
  description: "What a molecule is like.\nSecond line.",
  schema: {
    type: "object",
    properties: {
      smiles: { type: "string", description: "The molecule" },
      digits: { type: "integer", default: 3 },
      box: { $ref: "#/$defs/Box" },
      corner: { type: "array", prefixItems: [{ type: "number" }, { type: "number" }], items: false },
      axis: { enum: ["x", "y", null] },
    },
    required: ["smiles"],
    $defs: {
      Box: { type: "object", properties: { size: { type: "number" }, inner: { $ref: "#/$defs/Box" } } },
    },
  },
  result_schema: { type: "object", properties: { logp: { type: "number" } }, required: ["logp"] },
});

test("a submit is checked by the compiler, its payload and its result", { timeout: 120_000 }, async () => {
  const types = await typesOf(descriptors);

  expect(
    await compiled(
      types,
      `${MANAGER}
    const task = await jobs.submit("public:chemistry:Descriptors", {
      smiles: "CCO", digits: 2, axis: null, corner: [1, 2], box: { size: 1, inner: { size: 2 } },
    });
    const done = await jobs.client.awaitTask(task);
    if (done.status === "completed") done.result.logp.toFixed();
    // @ts-expect-error its smiles must be given
    await jobs.submit("public:chemistry:Descriptors", {});
    // @ts-expect-error a smiles is a text
    await jobs.submit("public:chemistry:Descriptors", { smiles: 1 });
    // @ts-expect-error there is no such parameter
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", smile: "C" });
    // @ts-expect-error there are two axes
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", axis: "z" });
    // @ts-expect-error a corner has two numbers
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", corner: [1] });
    // @ts-expect-error the box within is a box
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", box: { inner: { inner: 3 } } });
    // @ts-expect-error there is no such job
    await jobs.submit("public:chemistry:Nothing", {});
    // @ts-expect-error its result has no such member
    if (done.status === "completed") done.result.mass;
  `,
    ),
  ).toBe("");
});

const EVIL = [
  "*/ export const owned: 1;",
  '"; export const owned: 1; "',
  ["`$", "{owned}`"].join(""),
  "\u2028export const owned: 1;",
  "} declare global { var owned: 1 }",
];

describe("what a stranger names", () => {
  test("is text in what is written, and nothing else", { timeout: 120_000 }, async () => {
    const schema: Job["schema"] = {
      type: "object",
      title: EVIL[0] ?? "",
      tsType: "any }; export const owned: 1; type X = {",
      properties: Object.fromEntries(
        EVIL.flatMap((text, index) => [
          [text, { type: "string", description: text, title: text }],
          [`enum${index}`, { enum: [text], tsEnumNames: ["A = 1 } export const owned: 1; enum B { A"] }],
          [`const${index}`, { const: { [text]: text } }],
          [`typed${index}`, { tsType: "any }; export const owned: 1; type X = {" }],
        ]),
      ),
      required: [...EVIL],
      patternProperties: { [EVIL[0] ?? ""]: { type: "string" } },
      $defs: { [EVIL[1] ?? ""]: { type: "object", title: EVIL[2] ?? "" } },
    };
    const jobs = EVIL.map((text, index) =>
      aJob({
        full_name: `public:a:${text}`,
        name: `Job${index}`,
        description: text,
        schema,
        result_schema: schema,
      }),
    );
    const types = await typesOf(...jobs);

    const exported = await compiled(
      types,
      `${MANAGER}
      import type * as all from "./jobs.d.ts";
      type Names = keyof Jobs;
      const isKnown = ${JSON.stringify(EVIL.map((text) => `public:a:${text}`))} satisfies string[] as Names[];
      // @ts-expect-error nobody has it exported
      type Owned = typeof all.owned;
      // @ts-expect-error nor made it global
      owned;
      jobs; isKnown;
    `,
    );

    expect(exported).toBe("");
  });

  test.each([
    ["that refers to a file", { type: "object", properties: { a: { $ref: "file:///etc/passwd" } } }],
    ["that refers to the web", { type: "object", properties: { a: { $ref: "http://127.0.0.1:1/x.json" } } }],
    ["that refers to nothing", { type: "object", properties: { a: { $ref: "#/$defs/none" } } }],
    ["that refers to itself", { $ref: "#" }],
    ["that is always false", { not: {} }],
    [
      "of an older draft",
      { type: "object", definitions: { A: { type: "array", items: [{ type: "number" }] } } },
    ],
  ])("a schema %s is written as some type", { timeout: 120_000 }, async (_, schema) => {
    const types = await typesOf(aJob({ schema }));

    expect(types).toMatch(/export (type|interface) Payload\b/);
    expect(await compiled(types, `${MANAGER}jobs;`)).toBe("");
  });
});

test("is the same text whatever the order of the jobs, and is written to a file where one is named", async () => {
  const one = aJob();
  const written = new Map<string, string>();
  await using api = await startFakeApi(() => aPage([descriptors, one]));

  const { stdout, stderr } = await runCli(["types", "-o", "jobs.d.ts", "--room", "lab", "--url", api.url], {
    written,
  });

  expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "wrote 2 job(s) to jobs.d.ts\n" });
  expect(written.get("jobs.d.ts")).toBe(await typesOf(one, descriptors));
});
