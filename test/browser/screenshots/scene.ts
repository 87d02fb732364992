import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { eventually } from "../../support/eventually.ts";
import type { SpawnedProcess } from "../../support/processes.ts";
import { Random } from "../../support/random.ts";
import type { Site } from "../dashboard/site.ts";

const ROOT = join(import.meta.dirname, "../../..");
const CHEMISTRY = join(ROOT, "examples/chemistry.ts");
const SIMULATION = join(import.meta.dirname, "extensions.ts");
const ROOM = "lab";
const OLD_WORKER_NAME = "old-laptop";

const readMolecules = () =>
  readFileSync(join(ROOT, "examples/molecules.smi"), "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [smiles = "", ...name] = line.trim().split(/\s+/);
      return { smiles, name: name.join(" ") };
    });

/** The tasks that the screenshots show. */
export interface Scene {
  readonly picture: string;
  readonly annealed: string;
  readonly running: string;
  readonly waiting: string;
}

const submit = async (site: Site, job: string, payload: object, options: object = {}): Promise<string> => {
  const { body } = await site.client.call("submitTask", {
    params: { room_id: ROOM, job_name: `public:${job}` },
    body: { payload: JSON.parse(JSON.stringify(payload)), ...options },
  });
  return body.id;
};

const waitUntilEnded = (site: Site) =>
  eventually(
    async () =>
      (
        await site.client.call("listRoomTasks", {
          params: { room_id: ROOM },
          query: { status: "pending,claimed,running" },
        })
      ).body.total,
    (open) => open === 0,
    { timeoutMs: 120_000, what: "the scene's tasks" },
  );

/** Spreads the ended tasks over the last hour, so that the plots look like normal use. */
const spreadOverTime = async (database: string) => {
  const client = new Client({ connectionString: database });
  await client.connect();
  const random = new Random(7);
  const { rows } = await client.query<{ id: string }>(
    "select id from joblib.task where completed_at is not null order by number",
  );
  for (const [index, { id }] of rows.entries()) {
    const minutes = 57 * (1 - index / rows.length) ** 0.8 + random.next() * 2;
    await client.query(
      `update joblib.task set created_at = created_at - d, run_at = run_at - d, claimed_at = claimed_at - d,
         started_at = started_at - d, completed_at = completed_at - d
       from (select make_interval(secs => $2::float8) as d) as moved where id = $1`,
      [id, minutes * 60],
    );
    await client.query(
      "update joblib.task_listing as p set created_at = t.created_at from joblib.task as t where t.id = p.task_id and t.id = $1",
      [id],
    );
  }
  await client.end();
};

const readWorkerId = async (site: Site, name: string): Promise<string> => {
  const { body } = await site.client.call("listRoomWorkers", { params: { room_id: ROOM }, query: {} });
  return body.items.find((worker) => worker.name === name)?.id ?? "";
};

/** Runs a task whose first worker dies half way, and which a second worker completes. */
const recoverTask = async (site: Site, old: SpawnedProcess): Promise<string> => {
  const id = await submit(
    site,
    "simulation:Anneal",
    { pause: 150, seed: 4 },
    { max_attempts: 2, backoff: { seconds: 1 } },
  );
  await eventually(
    () => site.task(id),
    ({ progress }) => (progress?.fraction ?? 0) > 0.4,
    { timeoutMs: 20_000 },
  );
  const params = { worker_id: await readWorkerId(site, OLD_WORKER_NAME) };
  old.kill("SIGKILL");
  await old.exit;
  await site.client.call("removeWorker", { params });
  await site.startWorker(["--name", "gpu-box-2"], SIMULATION);
  await waitUntilEnded(site);
  return id;
};

/** Fills a room with the tasks of an hour: chemistry and simulations, on three machines. */
export const createScene = async (site: Site): Promise<Scene> => {
  const drugs = readMolecules();
  await site.startWorker(["--name", "ada's laptop"], CHEMISTRY);
  const old = await site.startWorker(["--name", OLD_WORKER_NAME], SIMULATION);
  for (const { smiles } of drugs) {
    await submit(site, "chemistry:Descriptors", { smiles });
    if (smiles.length % 3 === 0) await submit(site, "chemistry:Depict", { smiles });
    if (smiles.length % 5 === 0)
      await submit(site, "simulation:Anneal", { atoms: 8, pause: 0, seed: smiles.length });
    if (smiles.length % 17 === 0) await submit(site, "chemistry:Descriptors", { smiles: `${smiles}((` });
  }
  await submit(site, "chemistry:Screen", { molecules: drugs });
  await waitUntilEnded(site);
  await spreadOverTime(site.database);
  const annealed = await recoverTask(site, old);
  await submit(site, "chemistry:Screen", { molecules: drugs });
  await submit(site, "chemistry:Descriptors", { smiles: "CC(=O)Oc1ccccc1C(=O" });
  const caffeine = { smiles: "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", width: 420, height: 260 };
  const picture = await submit(site, "chemistry:Depict", caffeine);
  await waitUntilEnded(site);
  const running = await submit(site, "simulation:Anneal", { atoms: 38, pause: 2000, seed: 2 });
  await submit(site, "simulation:Anneal", { atoms: 24, pause: 1000, seed: 10 });
  const waiting = await submit(site, "simulation:Anneal", { atoms: 55, seed: 20 }, { max_attempts: 3 });
  return { picture, annealed, running, waiting };
};
