import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Directory, Download, Frame, ServedDirectory } from "../../examples/files.ts";
import { AnswerNotFoundError, JobManager, ValidationError } from "../../sdk/index.ts";
import { createServer, parseSettings } from "../../server/index.ts";

const CAFFEINE = new URL("../../examples/caffeine.xyz", import.meta.url);

let base: string;
let server: Awaited<ReturnType<typeof createServer>>;
let jobs: JobManager;
let directory: ServedDirectory;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "joblib-files-"));
  const root = join(base, "root");
  await mkdir(join(root, "runs"), { recursive: true });
  const frame = await readFile(CAFFEINE, "utf8");
  await writeFile(
    join(root, "runs", "md.xyz"),
    `${frame.trimEnd()}\n${frame.replace("C ", "N ").trimEnd()}\n`,
  );
  await writeFile(join(root, "large.bin"), Buffer.alloc(3_000_000, 5));
  await writeFile(join(base, "secret.txt"), "secret");
  await mkdir(join(base, "root-sibling"));
  await writeFile(join(base, "root-sibling", "secret.txt"), "secret");
  await symlink(join(base, "secret.txt"), join(root, "link.txt"));
  await symlink(base, join(root, "runs", "up"));
  directory = await ServedDirectory.open(root);

  const settings = parseSettings({}, { dataDir: join(base, "data"), port: 0, logLevel: "silent" });
  server = await createServer({ settings });
  const url = await server.listen({ port: 0, host: "127.0.0.1" });
  jobs = new JobManager({ url, room: "lab" });
  for (const Class of [Directory, Download, Frame]) jobs.provide(Class, directory);
  await jobs.ready();
});
afterAll(async () => {
  await jobs?.dispose();
  await server?.close();
  await rm(base, { recursive: true, force: true });
});

const read = (name: string, params: Record<string, string | number> = {}) =>
  jobs.client.providers.read("lab", `private:files:${name}`, params, { wait: 30 });

test("the provider example serves the directory and the frames of a trajectory through the server", async () => {
  const listing = await (await read("Directory")).json();
  const runs = await (await read("Directory", { path: "runs" })).json();
  const frames = [0, 1].map(async (index) => (await read("Frame", { path: "runs/md.xyz", index })).text());
  const [first, second] = await Promise.all(frames);

  expect(listing).toContainEqual({ name: "runs", type: "directory" });
  expect(runs).toContainEqual({ name: "md.xyz", type: "file" });
  expect(first?.split("\n")[0]?.trim()).toBe("24");
  expect(first).not.toBe(second);
  expect(first?.trimEnd().split("\n")).toHaveLength(26);
});

test("the provider example streams a file unchanged", async () => {
  const answer = await read("Download", { path: "large.bin" });

  expect(answer.contentType).toBe("application/octet-stream");
  expect(Buffer.compare(await answer.bytes(), Buffer.alloc(3_000_000, 5))).toBe(0);
});

test("the second read of a frame gets the cached answer, which has an ETag", async () => {
  const params = { path: "runs/md.xyz", index: 1 };
  const first = await read("Frame", params);
  await first.bytes();

  const second = await read("Frame", params);

  expect(second.ageSeconds).toBeGreaterThanOrEqual(0);
  const { etag: ifNoneMatch } = second;
  const third = await jobs.client.providers.read("lab", "private:files:Frame", params, { ifNoneMatch });
  expect(third.isNotModified).toBe(true);
});

test("a read of a missing frame or file throws AnswerNotFoundError, and a read with an invalid parameter throws ValidationError", async () => {
  await expect(read("Frame", { path: "runs/md.xyz", index: 2 })).rejects.toThrow(
    AnswerNotFoundError.create("runs/md.xyz has no frame 2."),
  );
  await expect(read("Download", { path: "none" })).rejects.toThrow(AnswerNotFoundError);
  await expect(read("Download", { path: "runs" })).rejects.toThrow(AnswerNotFoundError);
  await expect(read("Frame", { path: "runs/md.xyz", index: -1 })).rejects.toThrow(ValidationError);
});

describe("files outside the directory", () => {
  test.each([
    "../secret.txt",
    "runs/../../secret.txt",
    "../root-sibling/secret.txt",
    "..",
    "link.txt",
    "runs/up/secret.txt",
    "runs/up",
    "/etc/passwd",
    "..\\secret.txt",
    "%2e%2e/secret.txt",
    "\0",
  ])("the path %j cannot be used to read a file outside the directory", async (path) => {
    for (const name of ["Directory", "Download", "Frame"]) {
      await expect(read(name, { path })).rejects.toThrow(AnswerNotFoundError);
    }
  });

  test("an absolute path to a file inside the directory is rejected", async () => {
    await expect(read("Download", { path: join(base, "root", "large.bin") })).rejects.toThrow(
      AnswerNotFoundError,
    );
  });
});
