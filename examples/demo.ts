import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JoblibClient, type Task } from "joblib";
import * as z from "zod";
import { Command } from "./demo-processes.ts";
import { type ListedMolecule, loadMolecules } from "./molecules.ts";
import { type Result, renderResults } from "./results-table.ts";

const ROOM = "demo";
/**
 * Maximum difference between the weights that RDKit computes and the weights in the literature, in
 * g/mol. It allows for rounding.
 */
const TOLERANCE = 0.05;
const PICTURES = new URL("../.demo/", import.meta.url);

const Descriptors = z.object({
  molecular_weight: z.number(),
  logp: z.number(),
  tpsa: z.number(),
  lipinski_violations: z.array(z.string()),
});
const Substructure = z.object({ matching: z.array(z.string()) });
const Depict = z.object({ svg: z.string() });
const Rotate = z.object({ atoms: z.number(), xyz: z.string() });

const print = (text: string) => console.log(text);

/**
 * Returns a function that prints progress. On a terminal, it updates one line. Otherwise it prints
 * a new line for every 10 %.
 */
const createProgressLine = (label: string) => {
  let shown = -1;
  return (fraction: number) => {
    const tenth = Math.floor(fraction * 10);
    const bar = `${"█".repeat(tenth)}${"░".repeat(10 - tenth)}`;
    const text = `  ${label} ${bar} ${Math.round(fraction * 100)} %`;
    if (process.stdout.isTTY) process.stdout.write(`\r${text}${fraction >= 1 ? "\n" : ""}`);
    else if (tenth !== shown) print(text);
    shown = tenth;
  };
};

const parseResult = <Schema extends z.ZodType>(task: Task, schema: Schema): z.output<Schema> => {
  if (task.status !== "completed") throw new Error(`${task.job_name} ${task.status}: ${task.error}`);
  return schema.parse(task.result);
};

const computeDescriptors = async (
  client: JoblibClient,
  molecules: readonly ListedMolecule[],
): Promise<Result[]> => {
  const submissions = molecules.map(({ smiles }) => ({
    job_name: "public:chemistry:Descriptors",
    payload: { smiles },
  }));
  const tasks = await client.tasks.submitMany(ROOM, submissions);
  const show = createProgressLine("descriptors");
  let done = 0;
  return await Promise.all(
    tasks.map(async ({ id }, index) => {
      const found = parseResult(await client.awaitTask(id), Descriptors);
      show(++done / tasks.length);
      const { name, literatureWeight } = molecules[index] ?? { name: id, literatureWeight: undefined };
      return {
        name,
        literatureWeight,
        weight: found.molecular_weight,
        logP: found.logp,
        tpsa: found.tpsa,
        violations: found.lipinski_violations,
      };
    }),
  );
};

const runTask = async (client: JoblibClient, job: string, payload: z.core.util.JSONType, label?: string) => {
  const submission = { payload: z.record(z.string(), z.json()).parse(payload) };
  const { id } = await client.tasks.submit(ROOM, `public:${job}`, submission);
  if (label === undefined) return await client.awaitTask(id);
  const show = createProgressLine(label);
  const task = await client.awaitTask(id, { onChange: ({ progress }) => show(progress?.fraction ?? 0) });
  if (task.status === "completed") show(1);
  return task;
};

const runDemo = async (directory: string): Promise<void> => {
  const began = performance.now();
  print("1. joblib serve (embedded database)");
  await using server = new Command(["serve", "--port", "0", "--data-dir", join(directory, "data")], {});
  const url = await server.waitForLine(/http:\/\/[\w.]+:\d+/);
  print(`   ${url}`);

  print("2. joblib worker ./examples/chemistry.ts --public");
  const file = join(import.meta.dirname, "chemistry.ts");
  await using worker = new Command(["worker", file, "--public", "--concurrency", "4"], { JOBLIB_URL: url });
  await worker.waitForLine(/public:modifiers:Rotate/);

  const client = new JoblibClient({ url });
  const molecules = await loadMolecules(new URL("molecules.smi", import.meta.url));
  print(`3. ${molecules.length} drugs from examples/molecules.smi`);
  const results = await computeDescriptors(client, molecules);
  const listed = molecules.map(({ name, smiles }) => ({ name, smiles }));
  const acids = parseResult(
    await runTask(
      client,
      "chemistry:Substructure",
      { smarts: "C(=O)[OH]", molecules: listed },
      "substructure",
    ),
    Substructure,
  );

  print(`\n${renderResults(results)}\n`);
  print(`Carboxylic acids: ${acids.matching.join(", ")}`);

  const [first] = molecules;
  if (first !== undefined) {
    const { svg } = parseResult(await runTask(client, "chemistry:Depict", { smiles: first.smiles }), Depict);
    await mkdir(PICTURES, { recursive: true });
    await writeFile(new URL("depiction.svg", PICTURES), svg);
    print(`Drew ${first.name}: .demo/depiction.svg`);
  }
  const rotated = parseResult(await runTask(client, "modifiers:Rotate", { angle: 90 }), Rotate);
  await mkdir(PICTURES, { recursive: true });
  await writeFile(new URL("rotated.xyz", PICTURES), rotated.xyz);
  print(`Rotated ${rotated.atoms} atoms of examples/caffeine.xyz by 90°: .demo/rotated.xyz`);

  const deviating = results.filter(
    ({ weight, literatureWeight }) =>
      literatureWeight !== undefined && Math.abs(weight - literatureWeight) > TOLERANCE,
  );
  if (deviating.length > 0)
    throw new Error(`weights differ from the literature: ${deviating.map(({ name }) => name)}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  print(`\nAll ${results.length} weights agree with the literature within ${TOLERANCE} g/mol. ${seconds} s.`);
};

const directory = await mkdtemp(join(tmpdir(), "joblib-demo-"));
try {
  await runDemo(directory);
} finally {
  await rm(directory, { recursive: true, force: true });
}
