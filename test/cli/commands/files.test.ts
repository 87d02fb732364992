import { hash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../protocol/index.ts";
import { type Received, type Reply, startFakeApi } from "../fake-api.ts";
import { FILE_ID, replyWithData } from "../golden-replies.ts";
import { runCli } from "../run-cli.ts";
import { aJob, aSubmittedTask } from "../wire-values.ts";

const REFERENCE = "files/0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47";
const CONTENT = "3\n\nO 0 0 0\n";
const KEYWORD = { media_types: ["chemical/*"], max_size: 1_000_000 };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "joblib-cli-files-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("a flag whose schema is a file", () => {
  const replyToRun =
    (member: JsonObject) =>
    ({ method, path, body }: Received): Reply => {
      const file = { id: FILE_ID, room_id: "@global", name: "md.xyz", media_type: "chemical/x-xyz" };
      const stored = { ...file, size: CONTENT.length, sha256: hash("sha256", CONTENT), task_id: null };
      const complete = { ...stored, is_complete: true, created_by_id: "ada", created_at: "" };
      if (path.includes("/validation")) return { status: 200, body: { errors: [] } };
      if (path.includes("/jobs/"))
        return {
          status: 200,
          body: aJob({ schema: { type: "object", properties: { md: member }, required: ["md"] } }),
        };
      if (path.endsWith("/rooms/@global/files"))
        return { status: 201, body: { ...complete, is_complete: false, sha256: null } };
      if (method === "PATCH") return { status: 204, headers: { "upload-offset": String(CONTENT.length) } };
      if (path.endsWith(`/files/${FILE_ID}`)) return { status: 200, body: complete };
      return { status: 202, body: aSubmittedTask({ payload: (body ?? {}) as JsonObject }) };
    };
  const fileSchema = { type: "string", "x-joblib-file": KEYWORD };

  const runWith = async (argv: readonly string[], member: JsonObject = fileSchema) => {
    await using api = await startFakeApi(replyToRun(member));
    const result = await runCli([...argv, "--url", api.url]);
    const submits = api.received.filter(({ path }) => path.includes("/rooms/@global/tasks/"));
    const payloads = submits.map(({ body }) => (body as { payload: JsonValue }).payload);
    return { ...result, payloads, paths: api.received.map(({ path }) => path) };
  };
  const RUN = ["run", "public:modifiers:Rotate"];
  const SUBMIT = ["tasks", "submit", "public:modifiers:Rotate"];

  test("a flag whose schema is a file is shown as a file in the help of the job", async () => {
    const { stdout } = await runWith([...RUN, "--help"]);

    expect(stdout).toMatch(/--md <file> +\(required; file chemical\/\* at most 1 MB\)/);
  });

  test.each([
    ["--md", [...RUN, "--md", "./no/md.xyz"]],
    ["--set md", [...SUBMIT, "--set", "md=./no/md.xyz"]],
  ])("a flag whose schema is a file rejects a missing path in %s before any upload", async (source, argv) => {
    const { exitCode, stderr, paths } = await runWith(argv);

    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `joblib: ${source}: file ./no/md.xyz not found\n`,
    });
    expect(paths).toEqual(["/v1/joblib/rooms/@global/jobs/public:modifiers:Rotate"]);
  });

  test.each([
    ["a flag of `joblib run`", [...RUN, "--md", REFERENCE]],
    ["`joblib tasks submit --set`", [...SUBMIT, "--set", `md=${REFERENCE}`]],
  ])("a flag whose schema is a file accepts the reference of an uploaded file in %s", async (_, argv) => {
    expect(await runWith(argv)).toMatchObject({ exitCode: 0, payloads: [{ md: REFERENCE }] });
  });

  test("a default in the schema of a file is never uploaded as a local path, because workers choose the schema", async () => {
    const secret = join(directory, "secret");
    await writeFile(secret, "private");

    const { payloads, paths } = await runWith(RUN, { ...fileSchema, default: secret });

    expect(payloads).toEqual([{ md: secret }]);
    expect(paths).not.toContain("/v1/joblib/rooms/@global/files");
  });

  test("no file is uploaded if the server finds the payload invalid", async () => {
    const path = join(directory, "unsent.xyz");
    await writeFile(path, CONTENT);
    const received: string[] = [];
    await using api = await startFakeApi((request) => {
      received.push(request.path);
      return request.path.includes("/validation")
        ? { status: 200, body: { errors: [{ pointer: "/payload", detail: "is invalid" }] } }
        : replyToRun(fileSchema)(request);
    });

    const { exitCode } = await runCli([...RUN, "--md", path, "--url", api.url]);

    expect(exitCode).toBe(5);
    expect(received).not.toContain("/v1/joblib/rooms/@global/files");
  });
});

describe("`files get`", () => {
  const get = async (argv: readonly string[], reply: (request: Received) => Reply = replyWithData) => {
    await using api = await startFakeApi(reply);
    return await runCli(["files", "get", FILE_ID, ...argv, "--url", api.url]);
  };
  const replyWithOtherBytes = (request: Received): Reply =>
    request.path.endsWith("/content") ? { status: 200, body: "3\nwater\nO 0 0 1\n" } : replyWithData(request);

  test("`files get --json` prints the path of the new file", async () => {
    const output = join(directory, "json.xyz");

    const { exitCode, stdout } = await get(["--output", output, "--json"]);

    expect({ exitCode, result: JSON.parse(stdout) }).toMatchObject({
      exitCode: 0,
      result: { path: output, name: "water.xyz", size: 16, reference: `files/${FILE_ID}` },
    });
    expect(await readFile(output, "utf8")).toBe("3\nwater\nO 0 0 0\n");
  });

  test("`files get` leaves no file and exits with code 11 if the downloaded bytes do not have the SHA-256 of the file", async () => {
    const before = await readdir(directory);

    const { exitCode, stderr } = await get(["--output", join(directory, "wrong.xyz")], replyWithOtherBytes);

    expect({ exitCode, stderr }).toEqual({
      exitCode: 11,
      stderr: "joblib: the content of water.xyz does not have its SHA-256 hash; download it again\n",
    });
    expect(await readdir(directory)).toEqual(before);
  });

  test("`files get` replaces an existing file only with --force", async () => {
    const output = join(directory, "existing.xyz");
    await writeFile(output, "before");

    const refused = await get(["--output", output]);
    const before = await readFile(output, "utf8");
    const forced = await get(["--output", output, "--force"]);

    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: `joblib: ${output} already exists. Pass --force to replace it, or another --output.\n`,
    });
    expect(before).toBe("before");
    expect(forced).toMatchObject({ exitCode: 0, stderr: `wrote ${output} (16 B)\n` });
    expect(await readFile(output, "utf8")).toBe("3\nwater\nO 0 0 0\n");
  });

  test("`files get --force` keeps the existing file if the download fails", async () => {
    const output = join(directory, "kept.xyz");
    await writeFile(output, "before");

    const { exitCode } = await get(["--output", output, "--force"], replyWithOtherBytes);

    expect(exitCode).toBe(11);
    expect(await readFile(output, "utf8")).toBe("before");
  });

  test.each([
    "../escaped.xyz",
    "..",
    "a\\b",
  ])("`files get` does not use the file name %j from the server as a path", async (name) => {
    const { exitCode, stderr } = await get([], (request) => {
      const reply = replyWithData(request);
      return { ...reply, body: { ...(reply.body as object), name } };
    });

    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "joblib: the name of the file cannot be used as a path. Pass a path to --output.\n",
    });
  });

  test("`files get` reports a path that it cannot write", async () => {
    const { exitCode, stderr } = await get(["--output", join(directory, "missing", "a.xyz")]);

    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^joblib: cannot write .*a\.xyz: no such file or directory\n$/);
  });
});
