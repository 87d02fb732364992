import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { spawnProcess } from "../support/processes.ts";

const SDK = new URL("../../sdk/extension.ts", import.meta.url).href;
const LOADER = fileURLToPath(new URL("./files/load.ts", import.meta.url));
const EXTENSIONS = fileURLToPath(new URL("./files/extensions.ts", import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "joblib-load-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const write = async (name: string, text: string) => {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
};

/** Loads in a process of its own, as the CLI does: vitest has a loader that would stand in the way. */
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

describe("a worker's file", () => {
  test("gives each exported extension once, with decorators compiled, and its context made once", async () => {
    const [loaded] = await load(EXTENSIONS);

    expect(loaded?.classes).toEqual(["Multiply", "Wait"]);
    expect(loaded?.context).toEqual({ made: 1 });
    expect(loaded?.files?.map((file) => basename(file))).toEqual(["extensions.ts", "factor.ts"]);
  });

  test("is read anew with everything it imports, but keeps to one copy of the SDK", async () => {
    const file = await write(
      "extensions.ts",
      `import { Extension, isExtensionClass } from ${JSON.stringify(SDK)};
       import { word } from "./word.js";
       enum Kind { A = "a" }
       export class Say extends Extension("words", {}) { run() { return word + Kind.A; } }
       export const context = { first: (globalThis.firstBase ??= isExtensionClass) === isExtensionClass };`,
    );
    const word = await write("word.ts", "export const word: string = 'old';");

    const loads = await load(file, word, "export const word: string = 'new';");

    expect(loads.map(({ results }) => results)).toEqual([["olda"], ["newa"]]);
    expect(loads.map(({ context }) => context)).toEqual([{ first: true }, { first: true }]);
  });

  test.each([
    ["is not there", undefined, "there is no such file"],
    ["exports nothing to run", "export const x = 1;", "exports no class that extends Extension"],
    ["cannot be parsed", "export class {", "ERROR: Expected identifier"],
    ["throws", "throw new Error('no\\nway');", "cannot be loaded: Error: no"],
    ["imports what is not there", 'import "./gone.ts";', "cannot be loaded: Error"],
  ])("that %s is a usage error of one line", async (_, text, message) => {
    const file = text === undefined ? join(directory, "gone.ts") : await write("extensions.ts", text);

    const [loaded] = await load(file);

    expect(loaded?.exitCode).toBe(2);
    expect(loaded?.message).toContain(message);
    expect(loaded?.message?.split("\n")).toHaveLength(1);
  });
});
