import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Directory, Download, Frame, ServedDirectory } from "../../examples/files.ts";
import {
  Answer,
  AnswerNotFoundError,
  JobManager,
  Provider,
  ProviderOfflineError,
  ReadFailedError,
  ValidationError,
} from "../../sdk/index.ts";
import { createServer } from "../../server/index.ts";

const CAFFEINE = new URL("../../examples/caffeine.xyz", import.meta.url);

let base: string;
let server: Awaited<ReturnType<typeof createServer>>;
let jobs: JobManager;
let served: { invalidate(params?: { path: string }): Promise<void> };
let version = 1;

class Version extends Provider("tests", { kind: version.toString().length ? zodKind() : zodKind() }) {
  read() {
    if (this.kind === "error") throw new Error("broken");
    return new Answer({ version }, { ttlSeconds: 60, version: `v${version}` });
  }
}
