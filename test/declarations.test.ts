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
  ["a user on Node", "--module nodenext --types node", ENTRIES],
  ["a page's bundler", "--module esnext --moduleResolution bundler --lib esnext,dom,dom.iterable", [FORM]],
])(
  "the published declarations hold for %s who checks libraries too",
  { timeout: 60_000 },
  async (_, more, entries) => {
    const tsc = spawnProcess(process.execPath, [
      path("../node_modules/typescript/bin/tsc"),
      ...`${OPTIONS} ${more}`.split(" "),
      ...entries,
    ]);
    await tsc.exit;

    // Libraries have mistakes of their own; ours are to be none.
    const ours = tsc.stdout().match(/^.*dist\/.*error TS.*$/gm) ?? [];
    expect(ours.filter((line) => !line.includes("node_modules/"))).toEqual([]);
  },
);
