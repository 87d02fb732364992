import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Job } from "../../../protocol/index.ts";
import { spawnProcess } from "../../support/processes.ts";
import { startFakeApi } from "../fake-api.ts";
import { runCli } from "../run-cli.ts";
import { aJob, aPage } from "../wire-values.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
// Omits --skipLibCheck, because it would skip the check of the generated `.d.ts` file.
const OPTIONS =
  "--ignoreConfig --noEmit --strict --target esnext --module nodenext --types node --pretty false";

const generateTypes = async (...jobs: Job[]) => {
  await using api = await startFakeApi(() => aPage(jobs));
  const { exitCode, stdout } = await runCli(["types", "--room", "lab", "--url", api.url]);
  expect(exitCode).toBe(0);
  return stdout;
};

/** Compiles a program that uses the types, and returns the errors of the compiler. */
const compileProgram = async (types: string, program: string) => {
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
  description: "Descriptors of a molecule.\nSecond line.",
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

test("the output of `joblib types` lets the compiler check the payload and the result of a submit", {
  timeout: 120_000,
}, async () => {
  const types = await generateTypes(descriptors);

  expect(
    await compileProgram(
      types,
      `${MANAGER}
    const task = await jobs.submit("public:chemistry:Descriptors", {
      smiles: "CCO", digits: 2, axis: null, corner: [1, 2], box: { size: 1, inner: { size: 2 } },
    });
    const done = await jobs.client.awaitTask(task);
    if (done.status === "completed") done.result.logp.toFixed();
    // @ts-expect-error smiles is required
    await jobs.submit("public:chemistry:Descriptors", {});
    // @ts-expect-error smiles must be a string
    await jobs.submit("public:chemistry:Descriptors", { smiles: 1 });
    // @ts-expect-error unknown parameter
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", smile: "C" });
    // @ts-expect-error axis must be x or y
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", axis: "z" });
    // @ts-expect-error a corner has two numbers
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", corner: [1] });
    // @ts-expect-error the inner box must be a box
    await jobs.submit("public:chemistry:Descriptors", { smiles: "C", box: { inner: { inner: 3 } } });
    // @ts-expect-error unknown job
    await jobs.submit("public:chemistry:Nothing", {});
    // @ts-expect-error unknown member of the result
    if (done.status === "completed") done.result.mass;
  `,
    ),
  ).toBe("");
});

/** Texts of a schema that would become code if `joblib types` did not escape them. */
const HOSTILE_TEXTS = [
  "*/ export const owned: 1;",
  '"; export const owned: 1; "',
  ["`$", "{owned}`"].join(""),
  "\u2028export const owned: 1;",
  "} declare global { var owned: 1 }",
];

describe("schemas", () => {
  test("the schema of a job puts its untrusted names into the types only as text, never as code", {
    timeout: 120_000,
  }, async () => {
    const schema: Job["schema"] = {
      type: "object",
      title: HOSTILE_TEXTS[0] ?? "",
      tsType: "any }; export const owned: 1; type X = {",
      properties: Object.fromEntries(
        HOSTILE_TEXTS.flatMap((text, index) => [
          [text, { type: "string", description: text, title: text }],
          [`enum${index}`, { enum: [text], tsEnumNames: ["A = 1 } export const owned: 1; enum B { A"] }],
          [`const${index}`, { const: { [text]: text } }],
          [`typed${index}`, { tsType: "any }; export const owned: 1; type X = {" }],
        ]),
      ),
      required: [...HOSTILE_TEXTS],
      patternProperties: { [HOSTILE_TEXTS[0] ?? ""]: { type: "string" } },
      $defs: { [HOSTILE_TEXTS[1] ?? ""]: { type: "object", title: HOSTILE_TEXTS[2] ?? "" } },
    };
    const jobs = HOSTILE_TEXTS.map((text, index) =>
      aJob({
        full_name: `public:a:${text}`,
        name: `Job${index}`,
        description: text,
        schema,
        result_schema: schema,
      }),
    );
    const types = await generateTypes(...jobs);

    const exported = await compileProgram(
      types,
      `${MANAGER}
      import type * as all from "./jobs.d.ts";
      type Names = keyof Jobs;
      const isKnown = ${JSON.stringify(HOSTILE_TEXTS.map((text) => `public:a:${text}`))} satisfies string[] as Names[];
      // @ts-expect-error owned is not exported
      type Owned = typeof all.owned;
      // @ts-expect-error owned is not global
      owned;
      jobs; isKnown;
    `,
    );

    expect(exported).toBe("");
  });

  test.each([
    ["references a file", { type: "object", properties: { a: { $ref: "file:///etc/passwd" } } }],
    ["references a URL", { type: "object", properties: { a: { $ref: "http://127.0.0.1:1/x.json" } } }],
    ["references a missing definition", { type: "object", properties: { a: { $ref: "#/$defs/none" } } }],
    ["references itself", { $ref: "#" }],
    ["matches no value", { not: {} }],
    [
      "uses an older draft",
      { type: "object", definitions: { A: { type: "array", items: [{ type: "number" }] } } },
    ],
  ])(
    "the schema of a job results in types that compile even if the schema %s",
    { timeout: 120_000 },
    async (_, schema) => {
      const types = await generateTypes(aJob({ schema }));

      expect(types).toMatch(/export (type|interface) Payload\b/);
      expect(await compileProgram(types, `${MANAGER}jobs;`)).toBe("");
    },
  );
});

test("`joblib types --output` writes a file that does not depend on the order of the jobs", async () => {
  const rotate = aJob();
  const written = new Map<string, string>();
  await using api = await startFakeApi(() => aPage([descriptors, rotate]));

  const { stdout, stderr } = await runCli(["types", "-o", "jobs.d.ts", "--room", "lab", "--url", api.url], {
    written,
  });

  expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "wrote the types of 2 jobs to jobs.d.ts\n" });
  expect(written.get("jobs.d.ts")).toBe(await generateTypes(rotate, descriptors));
});
