import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { watchFiles } from "../../../cli/worker/watch-files.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "joblib-watch-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe("watchFiles", () => {
  const never = new AbortController().signal;

  test("watchFiles reports a file that is written or replaced by a rename, but not other files", async () => {
    const [file, other] = [join(directory, "a.ts"), join(directory, "b.ts")];
    await writeFile(file, "1");
    using watch = watchFiles();
    watch.follow([file]);

    await writeFile(file, "2");
    expect(await watch.next(never)).toBe(true);
    await writeFile(other, "3");
    await rename(other, file);
    expect(await watch.next(never)).toBe(true);
    await writeFile(other, "4");
    expect(await watch.next(AbortSignal.timeout(300))).toBe(false);
  });

  test("watchFiles reports a change that happened between two calls of `next`", async () => {
    const file = join(directory, "a.ts");
    await writeFile(file, "1");
    using watch = watchFiles();
    watch.follow([file]);

    await writeFile(file, "2");
    await watch.next(AbortSignal.abort());

    expect(await watch.next(never)).toBe(true);
  });
});
