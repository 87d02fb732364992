import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { spawnProcess } from "./support/processes.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const ENTRIES = ["sdk", "sdk/testing", "server", "protocol"].map((entry) =>
  path(`../dist/${entry}/index.d.ts`),
);
const OPTIONS =
  "--ignoreConfig --noEmit --strict --skipLibCheck false --target esnext --module nodenext --types node";

test("the published declarations hold for a user who checks libraries too", { timeout: 60_000 }, async () => {
  const tsc = spawnProcess(process.execPath, [
    path("../node_modules/typescript/bin/tsc"),
    ...OPTIONS.split(" "),
    ...ENTRIES,
  ]);
  await tsc.exit;

  // Libraries have mistakes of their own; ours are to be none.
  const ours = tsc.stdout().match(/^.*dist\/.*error TS.*$/gm) ?? [];
  expect(ours.filter((line) => !line.includes("node_modules/"))).toEqual([]);
});
