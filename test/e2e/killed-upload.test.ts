import { hash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { file, JoblibClient } from "../../sdk/index.ts";
import { TcpProxy } from "../faults/proxy/tcp-proxy.ts";
import { eventually } from "../support/eventually.ts";
import { end, serve } from "./terminals.ts";

/** The content of the interrupted upload, which has several requests. */
const INTERRUPTED = randomBytes(20_000_000);
/** Slow enough that a request of 8 MiB is still running when the server is killed. */
const SLOW_BYTES_PER_SECOND = 200_000;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "joblib-killed-upload-"));
});
afterAll(() => rm(base, { recursive: true }));

test("an upload continues after its server was killed and restarted", async () => {
  const dataDir = join(base, "killed");
  const first = await serve({}, ["--data-dir", dataDir]);
  await using proxy = await TcpProxy.to(Number(new URL(first.url).port));
  const client = new JoblibClient({ url: `http://127.0.0.1:${proxy.port}` });
  let chunkEnd = 0;
  const onProgress = (bytes: number) => {
    if (chunkEnd === 0) proxy.setFaults({ toServer: { bytesPerSecond: SLOW_BYTES_PER_SECOND } });
    chunkEnd = bytes;
  };

  const uploading = client.files.upload("lab", file(INTERRUPTED, { name: "killed.bin" }), { onProgress });
  const hasMore = async () => chunkEnd > 0 && (await readUploadSize(dataDir)) > chunkEnd;
  await eventually(hasMore, Boolean, { timeoutMs: 60_000 });
  const firstEnd = chunkEnd;
  first.server.kill("SIGKILL");
  await first.server.exit;
  proxy.cut();
  proxy.heal();
  const second = await serve({}, ["--data-dir", dataDir]);
  proxy.retarget(Number(new URL(second.url).port));

  expect(firstEnd).toBeLessThan(INTERRUPTED.length);
  expect(await uploading).toMatchObject({ is_complete: true, sha256: hash("sha256", INTERRUPTED) });
  expect(await end(second.server)).toBe(0);
}, 300_000);

/** Returns the size of the only upload in the data directory of a server; 0 without one. */
async function readUploadSize(dataDir: string): Promise<number> {
  const uploads = join(dataDir, "files", "uploads");
  const [name] = await readdir(uploads).catch(() => []);
  return name === undefined ? 0 : (await stat(join(uploads, name))).size;
}
