import { hash, randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import {
  Extension,
  FileIntegrityError,
  FileNotFoundError,
  file,
  type JobFile,
  JoblibClient,
  JobManager,
  TaskLostError,
  UsageError,
  ValidationError,
} from "../../../sdk/index.ts";
import { createServer, parseSettings } from "../../../server/index.ts";
import { TcpProxy } from "../../faults/proxy/tcp-proxy.ts";

/** Larger than two chunks of an upload, so that an upload has several requests. */
const LARGE = randomBytes(20_000_000);
const CUT_AFTER_BYTES = 6_000_000;

class Reverse extends Extension(
  "files",
  { text: file({ mediaTypes: ["text/*"], maxSize: 1000 }), label: z.string().default("reversed") },
  { result: z.object({ reversed: file(), source: z.string() }) },
) {
  async run(): Promise<{ reversed: JobFile; source: string }> {
    const content = (await this.text.bytes()).toReversed();
    const reversed = file(new Uint8Array(content), { name: `${this.label}.txt` });
    return { reversed, source: `${this.text.name} ${this.text.size} ${this.text.mediaType}` };
  }
}

let base: string;
let server: Awaited<ReturnType<typeof createServer>>;
let proxy: TcpProxy;
let jobs: JobManager;
/** A manager whose connections can be cut. */
let cutJobs: JobManager;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "joblib-sdk-files-"));
  const settings = parseSettings({}, { dataDir: join(base, "data"), port: 0, logLevel: "silent" });
  server = await createServer({ settings });
  const url = await server.listen({ port: 0, host: "127.0.0.1" });
  proxy = await TcpProxy.to(Number(new URL(url).port));
  jobs = new JobManager({ url, room: "lab" });
  cutJobs = new JobManager({ url: `http://127.0.0.1:${proxy.port}`, room: "lab" });
  jobs.register(Reverse);
  await jobs.ready();
});
afterAll(async () => {
  await jobs?.dispose();
  await cutJobs?.dispose();
  await proxy?.[Symbol.asyncDispose]();
  await server?.close();
  await rm(base, { recursive: true, force: true });
});

/** Cuts the next three connections, each after 6 MB in one direction. */
function cutNextConnections(direction: "toServer" | "toClient"): void {
  proxy.cut();
  const end = proxy.count + 3;
  proxy.setFaults((connection) =>
    connection < end ? { [direction]: { cutAfterBytes: CUT_AFTER_BYTES } } : {},
  );
}

const uploadLarge = () => jobs.client.files.upload("lab", file(LARGE, { name: "large.bin" }));

describe("files of a task", () => {
  test("a worker reads the file of a payload and returns a file", async () => {
    const path = join(base, "greeting.txt");
    await writeFile(path, "hello");

    const submitted = await jobs.submit(new Reverse({ text: file(path) }));
    for await (const task of jobs.listen()) {
      expect(await task.run()).toMatchObject({ status: "completed" });
      break;
    }

    const { result } = await jobs.client.tasks.get(submitted.id);
    const attached = await jobs.client.files.list(submitted.id);
    expect(attached).toMatchObject([
      { name: "greeting.txt", media_type: "text/plain", size: 5, role: "payload", pointer: "/text" },
      { name: "reversed.txt", media_type: "text/plain", size: 5, role: "result", pointer: "/reversed" },
    ]);
    expect(result).toEqual({ source: "greeting.txt 5 text/plain", reversed: `files/${attached[1]?.id}` });
    const saved = join(base, "saved.txt");
    await (await jobs.client.files.open(attached[1]?.id ?? "")).save(saved);
    expect(await readFile(saved, "utf8")).toBe("olleh");
  });

  test("tasks that are submitted together share an uploaded file, and a later submit uploads its own copy", async () => {
    const text = file(new Blob(["abc"], { type: "text/plain" }), { name: "abc.txt" });

    const both = await jobs.submit([new Reverse({ text }), new Reverse({ text, label: "b" })]);
    const named = await jobs.submit("private:files:Reverse", { text });

    const ids = [...both, named].map(({ payload }) => payload["text"]);
    expect(ids[0]).toMatch(/^files\//);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
    await Promise.all([...both, named].map(({ id }) => jobs.client.tasks.cancel(id)));
  });

  test("a file with another media type or a larger size is rejected before the upload", () => {
    expect(() => new Reverse({ text: file(new Blob(["x"], { type: "image/png" })) })).toThrow(
      ValidationError,
    );
    expect(() => new Reverse({ text: file(new Blob(["x".repeat(1001)], { type: "text/plain" })) })).toThrow(
      /has 1001 bytes, but at most 1000 are allowed/,
    );
    expect(() => file(join(base, "missing.txt"))).toThrow(UsageError);
  });

  test("the schema of a job contains the rules for a file, even if `describe` is called on the parameter", () => {
    class Described extends Extension("files", {
      image: file({ mediaTypes: ["image/png"] })
        .describe("An image")
        .optional(),
    }) {
      run(): void {}
    }

    expect(Described.schema["properties"]).toEqual({
      image: {
        type: "string",
        format: "uri-reference",
        contentMediaType: "image/png",
        "x-joblib-file": { media_types: ["image/png"] },
        description: "An image",
      },
    });
  });

  test("a worker cannot upload a result file after its task was cancelled", async () => {
    const text = file(new Blob(["abc"], { type: "text/plain" }));
    const submitted = await jobs.submit(new Reverse({ text }));
    for await (const task of jobs.listen({ start: true })) {
      await jobs.client.tasks.cancel(submitted.id);

      const upload = jobs.client.files.uploadResult(task, file(new Uint8Array([1])));

      await expect(upload).rejects.toThrow(TaskLostError);
      await task.interrupt();
      break;
    }
  });
});

/** Returns the response of a server whose storage for files is full. */
function createFullResponse(): Response {
  const type = "/v1/problems/insufficient-storage";
  const problem = { type, title: "File storage is full", status: 507, detail: "The storage is full." };
  return Response.json(problem, {
    status: 507,
    headers: { "content-type": "application/problem+json", "retry-after": "0" },
  });
}

describe("transfers", () => {
  test("an upload continues after its connection is cut", async () => {
    cutNextConnections("toServer");
    const before = proxy.count;

    const stored = await cutJobs.client.files.upload("lab", file(LARGE, { name: "cut.bin" }));

    expect(proxy.count).toBeGreaterThan(before + 3);
    expect(stored).toMatchObject({ is_complete: true, size: LARGE.length, sha256: hash("sha256", LARGE) });
  });

  test("an upload begins again if the server has lost its first bytes", async () => {
    const uploads = join(base, "data", "files", "uploads");
    const progress: number[] = [];
    const onProgress = (bytes: number) => {
      if (progress.length === 0) for (const name of readdirSync(uploads)) rmSync(join(uploads, name));
      progress.push(bytes);
    };

    const stored = await jobs.client.files.upload("lab", file(LARGE, { name: "lost.bin" }), { onProgress });

    expect(stored).toMatchObject({ is_complete: true, sha256: hash("sha256", LARGE) });
    expect(progress.filter((bytes) => bytes === progress[0])).toHaveLength(2);
  });

  test("an upload to a full storage continues when there is space", async () => {
    const methods: string[] = [];
    const client = new JoblibClient({
      url: jobs.client.url,
      async fetch(url, init) {
        methods.push(init.method);
        const isFull = init.method === "PATCH" && methods.filter((method) => method === "PATCH").length < 3;
        return isFull ? createFullResponse() : fetch(url, init);
      },
    });

    const stored = await client.files.upload("lab", file(Buffer.from("abc"), { name: "full.bin" }));

    expect(stored).toMatchObject({ is_complete: true, sha256: hash("sha256", "abc") });
    expect(methods.filter((method) => method === "PATCH")).toHaveLength(3);
  });

  test("a download continues after its connection is cut", async () => {
    const { id } = await uploadLarge();
    cutNextConnections("toClient");
    const before = proxy.count;

    const bytes = await (await cutJobs.client.files.open(id)).bytes();

    expect(proxy.count).toBeGreaterThan(before + 3);
    expect(Buffer.compare(bytes, LARGE)).toBe(0);
  });

  test("an empty file can be uploaded and downloaded", async () => {
    const { id } = await jobs.client.files.upload("lab", file(new Uint8Array()));

    expect(await (await jobs.client.files.open(`files/${id}`)).bytes()).toHaveLength(0);
  });

  test("a download whose content was damaged fails and leaves no file", async () => {
    const { id, sha256 } = await jobs.client.files.upload("lab", file(Buffer.from("original")));
    const stored = await findStored(sha256 ?? "");
    await writeFile(stored, "tampered");
    const remote = await jobs.client.files.open(id);

    await expect(remote.save(join(base, "damaged.bin"))).rejects.toThrow(FileIntegrityError);

    expect((await readdir(base)).filter((name) => name.startsWith("damaged.bin"))).toEqual([]);
  });

  test("an aborted download fails with the reason of its signal", async () => {
    const { id } = await uploadLarge();
    const abort = new AbortController();
    const reason = new Error("enough");
    const remote = await jobs.client.files.open(id);

    const reading = remote.bytes({ signal: abort.signal, onProgress: () => abort.abort(reason) });

    await expect(reading).rejects.toBe(reason);
  });

  test("opening an unknown file throws FileNotFoundError, and opening a text that is not a reference throws UsageError", async () => {
    const { files } = jobs.client;

    await expect(files.open("00000000-0000-7000-8000-000000000000")).rejects.toThrow(FileNotFoundError);
    await expect(files.open("../tasks")).rejects.toThrow(UsageError);
  });
});

/** Returns the path at which the server stores a content. */
async function findStored(sha256: string): Promise<string> {
  const entries = await readdir(join(base, "data"), { recursive: true, withFileTypes: true });
  const found = entries.find(
    ({ name, parentPath }) => parentPath.endsWith(sha256.slice(0, 2)) && name === sha256.slice(2),
  );
  if (found === undefined) throw new Error(`the content ${sha256} is not stored`);
  return join(found.parentPath, found.name);
}
