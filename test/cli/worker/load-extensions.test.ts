import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { spawnProcess } from "../../support/processes.ts";

const SDK = new URL("../../../sdk/extension/extension.ts", import.meta.url).href;
const LOADER = fileURLToPath(new URL("../files/load.ts", import.meta.url));
const EXTENSIONS = fileURLToPath(new URL("../files/extensions.ts", import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "joblib-load-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const writeSource = async (name: string, text: string) => {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
};

/** Loads the file in a separate process, because the module loader of vitest would interfere. */
const load = async (file: string, ...replacements: string[]): Promise<Loaded[]> => {
  const child = spawnProcess(process.execPath, [LOADER, file, ...replacements]);
  await child.exit;
  if (child.stdout() === "") throw new Error(child.stderr());
  return JSON.parse(child.stdout());
};

interface Loaded {
  readonly classes?: string[];
  readonly context?: unknown;
  readonly files?: string[];
  readonly results?: unknown[];
  readonly message?: string;
  readonly exitCode?: number;
}

describe("loadExtensions", () => {
  test("loadExtensions returns each exported extension once, compiles decorators, and creates the context once", async () => {
    const [loaded] = await load(EXTENSIONS);

    expect(loaded?.classes).toEqual(["Multiply", "Wait"]);
    expect(loaded?.context).toEqual({ made: 1 });
    expect(loaded?.files?.map((file) => basename(file))).toEqual(["extensions.ts", "factor.ts"]);
  });

  test("loadExtensions reloads the file and its imports, but shares one copy of the SDK", async () => {
    const file = await writeSource(
      "extensions.ts",
      `import { Extension, isExtensionClass } from ${JSON.stringify(SDK)};
       import { word } from "./word.js";
       enum Kind { A = "a" }
       export class Say extends Extension("words", {}) { run() { return word + Kind.A; } }
       export const context = { first: (globalThis.firstBase ??= isExtensionClass) === isExtensionClass };`,
    );
    const word = await writeSource("word.ts", "export const word: string = 'old';");

    const loads = await load(file, word, "export const word: string = 'new';");

    expect(loads.map(({ results }) => results)).toEqual([["olda"], ["newa"]]);
    expect(loads.map(({ context }) => context)).toEqual([{ first: true }, { first: true }]);
  });

  test.each([
    ["does not exist", undefined, "no such file"],
    ["exports no extension", "export const x = 1;", "exports no class that extends Extension or Provider"],
    ["cannot be parsed", "export class {", "ERROR: Expected identifier"],
    ["throws", "throw new Error('no\\nway');", "extensions.ts: Error: no"],
    ["imports a missing file", 'import "../gone.ts";', "extensions.ts: Error"],
  ])("loadExtensions throws a usage error with a message of one line for a file that %s", async (_, text, message) => {
    const file = text === undefined ? join(directory, "gone.ts") : await writeSource("extensions.ts", text);

    const [loaded] = await load(file);

    expect(loaded?.exitCode).toBe(2);
    expect(loaded?.message).toContain(message);
    expect(loaded?.message?.split("\n")).toHaveLength(1);
  });
});
