import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { spawnProcess } from "./support/processes.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const ENTRIES = ["sdk", "sdk/testing", "server", "protocol"].map((entry) =>
  path(`../dist/${entry}/index.d.ts`),
);
const FORM = path("../dist/types/web/form/element.d.ts");
const OPTIONS = "--ignoreConfig --noEmit --strict --skipLibCheck false --target esnext";

test.each([
  ["Node", "--module nodenext --types node", ENTRIES],
  ["a bundler", "--module esnext --moduleResolution bundler --lib esnext,dom,dom.iterable", [FORM]],
])(
  "the published type declarations compile for %s with skipLibCheck turned off",
  { timeout: 60_000 },
  async (_, more, entries) => {
    const tsc = spawnProcess(process.execPath, [
      path("../node_modules/typescript/bin/tsc"),
      ...`${OPTIONS} ${more}`.split(" "),
      ...entries,
    ]);
    await tsc.exit;

    // Only joblib's own declarations count, because dependencies have errors.
    const errors = tsc.stdout().match(/^.*dist\/.*error TS.*$/gm) ?? [];
    expect(errors.filter((line) => !line.includes("node_modules/"))).toEqual([]);
  },
);
