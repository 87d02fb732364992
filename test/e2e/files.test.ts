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
  const reversedFile = files[2]?.id ?? "";
  const first = await run(["files", "get", reversedFile, "--output", output], env);
  const second = await run(["files", "get", reversedFile, "--output", output], env);
  const forced = await run(["files", "get", `files/${files[1]?.id}`, "--output", output, "--force"], env);
  const printed = await run(["files", "get", files[3]?.id ?? "", "--output", "-"], env);

  expect(first).toEqual({ code: 0, stdout: "", stderr: `wrote ${output} (100 kB)\n` });
  expect({ code: second.code, stderr: second.stderr }).toEqual({
    code: 2,
    stderr: `joblib: ${output} already exists. Pass --force to replace it, or another --output.\n`,
  });
  expect(forced.code).toBe(0);
  expect(await readFile(output)).toEqual(OTHER);
  expect(printed.stdout).toBe(OTHER.toString("latin1").split("").reverse().join(""));
  expect(await readdir(directory)).toEqual(["hydrogen.xyz", "md.xyz", "result.xyz"]);
});

test("`joblib files get` writes the same bytes that a worker returned", async () => {
  const { stdout } = await run(["tasks", "submit", JOB, "--set", `first=${path}`, "--wait", "--json"], env);
  const [, reversed] = await listFiles(Task.parse(JSON.parse(stdout)).id);
  const output = join(directory, "bytes.xyz");

  const { code } = await run(["files", "get", reversed?.id ?? "", "--output", output], env);

  expect(code).toBe(0);
  expect((await readFile(output)).equals(CONTENT.toReversed())).toBe(true);
});
