import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { AttachedFile, Task } from "../../protocol/index.ts";
import type { SpawnedProcess } from "../support/processes.ts";
import { end, joblib, run, serve } from "./terminals.ts";

const JOB = "public:e2e:Reverse";
const EXTENSIONS = join(import.meta.dirname, "fixtures/files.ts");
/** Bytes that are not UTF-8, so that a conversion to text would change them. */
const CONTENT = randomBytes(100_000);
const OTHER = Buffer.from("1\n\nH 0 0 0\n");

let server: SpawnedProcess;
let worker: SpawnedProcess;
let directory: string;
let path: string;
let otherPath: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "joblib-e2e-files-"));
  path = join(directory, "md.xyz");
  otherPath = join(directory, "hydrogen.xyz");
  await Promise.all([writeFile(path, CONTENT), writeFile(otherPath, OTHER)]);
  const started = await serve();
  server = started.server;
  env = { JOBLIB_URL: started.url };
  worker = joblib(["worker", EXTENSIONS, "--public"], env);
  await worker.waitForLine(/public:e2e:Reverse/, 30_000);
});
afterAll(async () => {
  expect([await end(worker), await end(server)]).toEqual([0, 0]);
});

const listFiles = async (id: string) => {
  const { stdout } = await run(["tasks", "files", id, "--json"], env);
  return z.object({ items: z.array(AttachedFile) }).parse(JSON.parse(stdout)).items;
};

test("`joblib run` uploads files, and `joblib files get` downloads the files of the result", async () => {
  const argv = ["run", JOB, "--first", path, "--others", otherPath, "--wait", "--json"];
  const { code, stdout, stderr } = await run(argv, env);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const files = await listFiles(Task.parse(JSON.parse(stdout)).id);
  expect(files.map(({ pointer, name, size }) => [pointer, name, size])).toEqual([
    ["/first", "md.xyz", CONTENT.length],
    ["/others/0", "hydrogen.xyz", OTHER.length],
    ["/reversed/0", "reversed-md.xyz", CONTENT.length],
    ["/reversed/1", "reversed-hydrogen.xyz", OTHER.length],
  ]);

  const output = join(directory, "result.xyz");
  const downloaded = await run(["files", "get", files[2]?.id ?? "", "--output", output], env);

  expect(downloaded).toEqual({ code: 0, stdout: "", stderr: `wrote ${output} (100 kB)\n` });
  expect((await readFile(output)).equals(CONTENT.toReversed())).toBe(true);
  expect(await readdir(directory)).toEqual(["hydrogen.xyz", "md.xyz", "result.xyz"]);
});

test("`joblib tasks submit` uploads the file of --set, and `joblib files get` prints a file to stdout", async () => {
  const argv = ["tasks", "submit", JOB, "--set", `first=${otherPath}`, "--wait", "--json"];
  const { stdout } = await run(argv, env);
  const [, reversed] = await listFiles(Task.parse(JSON.parse(stdout)).id);

  const printed = await run(["files", "get", `files/${reversed?.id}`, "--output", "-"], env);

  expect(printed).toEqual({ code: 0, stdout: Buffer.from(OTHER.toReversed()).toString(), stderr: "" });
});
