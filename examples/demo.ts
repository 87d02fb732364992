import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JoblibClient, type Task } from "joblib";
import * as z from "zod";
import { Command } from "./demo-processes.ts";
import { type ListedMolecule, loadMolecules } from "./molecules.ts";
import { type Result, renderResults } from "./results-table.ts";

const ROOM = "demo";
/** Average weights of the literature and of RDKit agree to rounding, g/mol. */
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

const say = (text: string) => console.log(text);

/** Rewrites one line on a terminal; elsewhere every tenth of the way is a line of its own. */
const progressLine = (label: string) => {
  let shown = -1;
  return (fraction: number) => {
    const tenth = Math.floor(fraction * 10);
    const bar = `${"█".repeat(tenth)}${"░".repeat(10 - tenth)}`;
    const text = `  ${label} ${bar} ${Math.round(fraction * 100)} %`;
    if (process.stdout.isTTY) process.stdout.write(`\r${text}${fraction >= 1 ? "\n" : ""}`);
    else if (tenth !== shown) say(text);
    shown = tenth;
  };
};

const resultOf = <Schema extends z.ZodType>(task: Task, schema: Schema): z.output<Schema> => {
  if (task.status !== "completed") throw new Error(`${task.job_name} ${task.status}: ${task.error}`);
  return schema.parse(task.result);
};

const describeAll = async (client: JoblibClient, molecules: readonly ListedMolecule[]): Promise<Result[]> => {
  const { body } = await client.call("submitTasks", {
    params: { room_id: ROOM },
    body: {
      tasks: molecules.map(({ smiles }) => ({
        job_name: "public:chemistry:Descriptors",
        payload: { smiles },
      })),
    },
  });
  const show = progressLine("descriptors");
  let done = 0;
  return await Promise.all(
    body.tasks.map(async ({ id }, index) => {
      const found = resultOf(await client.awaitTask(id), Descriptors);
      show(++done / body.tasks.length);
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

const ask = async (client: JoblibClient, job: string, payload: z.core.util.JSONType, label?: string) => {
  const { body } = await client.call("submitTask", {
    params: { room_id: ROOM, job_name: `public:${job}` },
    body: { payload: z.record(z.string(), z.json()).parse(payload) },
  });
  if (label === undefined) return await client.awaitTask(body.id);
  const show = progressLine(label);
  const task = await client.awaitTask(body.id, { onChange: ({ progress }) => show(progress?.fraction ?? 0) });
  if (task.status === "completed") show(1);
  return task;
};

const demo = async (directory: string): Promise<void> => {
  const began = performance.now();
  say("1. joblib serve (embedded database)");
  await using server = new Command(["serve", "--port", "0", "--data-dir", join(directory, "data")], {});
  const url = await server.line(/http:\/\/[\w.]+:\d+/);
  say(`   ${url}`);

  say("2. joblib worker ./examples/chemistry.ts --public");
  const file = join(import.meta.dirname, "chemistry.ts");
  await using worker = new Command(["worker", file, "--public", "--concurrency", "4"], { JOBLIB_URL: url });
  await worker.line(/public:modifiers:Rotate/);

  const client = new JoblibClient({ url });
  const molecules = await loadMolecules(new URL("molecules.smi", import.meta.url));
  say(`3. ${molecules.length} drugs from examples/molecules.smi`);
  const results = await describeAll(client, molecules);
  const listed = molecules.map(({ name, smiles }) => ({ name, smiles }));
  const acids = resultOf(
    await ask(client, "chemistry:Substructure", { smarts: "C(=O)[OH]", molecules: listed }, "substructure"),
    Substructure,
  );

  say(`\n${renderResults(results)}\n`);
  say(`Carboxylic acids: ${acids.matching.join(", ")}`);

  const [first] = molecules;
  if (first !== undefined) {
    const { svg } = resultOf(await ask(client, "chemistry:Depict", { smiles: first.smiles }), Depict);
    await mkdir(PICTURES, { recursive: true });
    await writeFile(new URL("depiction.svg", PICTURES), svg);
    say(`Drawn: ${first.name}, in .demo/depiction.svg`);
  }
  const turned = resultOf(await ask(client, "modifiers:Rotate", { angle: 90 }), Rotate);
  await mkdir(PICTURES, { recursive: true });
  await writeFile(new URL("rotated.xyz", PICTURES), turned.xyz);
  say(`Rotated by 90°: ${turned.atoms} atoms of examples/caffeine.xyz, in .demo/rotated.xyz`);

  const off = results.filter(
    ({ weight, literatureWeight }) =>
      literatureWeight !== undefined && Math.abs(weight - literatureWeight) > TOLERANCE,
  );
  if (off.length > 0) throw new Error(`weights differ from the literature: ${off.map(({ name }) => name)}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(`\nAll ${results.length} weights agree with the literature within ${TOLERANCE} g/mol. ${seconds} s.`);
};

const directory = await mkdtemp(join(tmpdir(), "joblib-demo-"));
try {
  await demo(directory);
} finally {
  await rm(directory, { recursive: true, force: true });
}
