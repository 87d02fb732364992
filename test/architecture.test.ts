import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const FOLDERS = ["protocol", "sdk", "server", "cli", "web"] as const;
const MAX_LINES = 300;

const isPackage =
  (...names: string[]) =>
  (specifier: string) =>
    names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
const isNodeBuiltin = (specifier: string) => specifier.startsWith("node:");

interface Rule {
  /**
   * The folder or file to which the rule applies. If several rules match a file, the rule with the
   * longest path applies.
   */
  readonly folder: string;
  readonly sentence: string;
  /**
   * Folders and files of this repository that the folder's files may import, in addition to the
   * folder itself.
   */
  readonly internal: readonly string[];
  /** Returns true if the folder's files may import a package or a Node module. */
  readonly allows: (specifier: string) => boolean;
  /**
   * A folder from which the folder's files may import only types, which do not exist at run time.
   */
  readonly types?: string;
}

const ORM = isPackage("@mikro-orm", "kysely", "pg", "@electric-sql/pglite", "ioredis");

const RULES: readonly Rule[] = [
  {
    folder: "protocol",
    sentence: "protocol imports only zod and small pure libraries",
    internal: [],
    allows: isPackage("zod", "canonicalize", "rfc6902"),
  },
  {
    folder: "protocol/tracing",
    sentence:
      "protocol/tracing imports zod and OpenTelemetry's API, which does nothing until an application registers an SDK",
    internal: [],
    allows: isPackage("@opentelemetry/api", "zod"),
  },
  {
    folder: "sdk",
    sentence: "sdk imports protocol and small libraries like OpenTelemetry's API, never server, cli or msw",
    internal: ["protocol"],
    allows: (name) =>
      isNodeBuiltin(name) ||
      isPackage("undici", "zod", "zod-to-json-schema", "eventsource-parser", "@opentelemetry/api")(name),
  },
  {
    folder: "sdk/testing",
    sentence:
      "sdk/testing imports protocol and msw, and from sdk only the transport, which it redirects to the global fetch",
    internal: ["protocol", "sdk/http/transport.ts"],
    allows: (name) => isNodeBuiltin(name) || isPackage("zod", "msw")(name),
  },
  {
    folder: "server",
    sentence: "server imports protocol and its own libraries, never sdk or cli",
    internal: ["protocol"],
    allows: (name) => !isPackage("undici", "msw", "commander", "ora", "chalk", "tsx")(name),
  },
  {
    folder: "server/use-cases",
    sentence: "server/use-cases imports protocol and the server's ports, never fastify, MikroORM or ioredis",
    internal: ["protocol", "server"],
    allows: (name) => !ORM(name) && !isPackage("fastify", "@fastify")(name),
  },
  {
    folder: "server/http",
    sentence: "server/http imports protocol, server/use-cases and fastify, never MikroORM or ioredis",
    internal: ["protocol", "server"],
    allows: (name) => !ORM(name),
  },
  {
    folder: "cli",
    sentence: "cli imports sdk and protocol, and only types of the server",
    internal: ["protocol", "sdk"],
    types: "server",
    allows: (name) =>
      isNodeBuiltin(name) ||
      isPackage(
        "commander",
        "ora",
        "chalk",
        "tsx",
        "zod",
        "leven",
        "fast-string-width",
        "@clack/prompts",
        "json-schema-to-typescript",
      )(name),
  },
  {
    folder: "web",
    sentence: "web imports protocol and libraries for browsers, and is not imported by other folders",
    internal: ["protocol"],
    allows: isPackage(
      "@cfworker/json-schema",
      "@noble/hashes",
      "@rjsf",
      "@tanstack/react-query",
      "eventsource-parser",
      "react",
      "react-dom",
      "react-router",
      "zod",
    ),
  },
  ...["web", "web/form"].map((folder) => ({
    folder: `${folder}/vite.config.ts`,
    sentence: `the build configuration of ${folder} imports only Node.js modules and vite`,
    internal: [],
    allows: (name: string) => isNodeBuiltin(name) || isPackage("vite")(name),
  })),
];

const listFiles = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));

const STATIC_IMPORT =
  /^\s*(?:import|export)\b(\s+type\b)?[^"'`;]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']/gm;

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

const readImports = (file: string): Import[] =>
  [...readFileSync(join(ROOT, file), "utf8").matchAll(STATIC_IMPORT)].map((match) => ({
    specifier: match[2] ?? match[3] ?? "",
    isTypeOnly: match[1] !== undefined,
  }));

const findRule = (file: string) =>
  RULES.filter(({ folder }) => file === folder || file.startsWith(`${folder}/`)).sort(
    (a, b) => b.folder.length - a.folder.length,
  )[0];

const isAllowed = (file: string, { specifier, isTypeOnly }: Import, rule: Rule) => {
  if (!specifier.startsWith(".")) return rule.allows(specifier);
  const target = relative(ROOT, resolve(ROOT, dirname(file), specifier));
  const types = isTypeOnly && rule.types !== undefined ? [rule.types] : [];
  return [rule.folder, ...rule.internal, ...types].some(
    (allowed) => target === allowed || target.startsWith(`${allowed}/`),
  );
};

const files = FOLDERS.flatMap(listFiles);

test.each(RULES)("$sentence", (rule) => {
  const violations = files
    .filter((file) => findRule(file) === rule)
    .flatMap((file) =>
      readImports(file)
        .filter((entry) => !isAllowed(file, entry, rule))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );

  expect(violations).toEqual([]);
});

test("cli loads the server on demand, and only in the commands that need it", () => {
  const loaders = listFiles("cli").filter((file) =>
    /import\(\s*["'][^"']*server\//.test(readFileSync(join(ROOT, file), "utf8")),
  );

  const allowed =
    /^cli\/(commands\/(serve|dev|migrate|token|doctor)|connect\/(start-server|database-migrations))/;
  expect(loaders).not.toEqual([]);
  expect(loaders.filter((file) => !allowed.test(file))).toEqual([]);
});

const removeBlockComments = (source: string) => source.replace(/^\s*\/\*[\s\S]*?\*\/\n/gm, "");

test(`no file has more than ${MAX_LINES} lines, not counting block comments`, () => {
  const long = [...files, ...listFiles("test"), ...listFiles("examples")].filter(
    (file) => removeBlockComments(readFileSync(join(ROOT, file), "utf8")).split("\n").length > MAX_LINES,
  );

  expect(long).toEqual([]);
});

/**
 * Files that may have a vague name. `JobManager` is a public class that has the same name as a
 * class in ZnDraw's client.
 */
const NAMED_AFTER_PUBLIC_CLASS = ["sdk/job-manager.ts"];

test("no file has a vague name: utils, helpers, common, service, data or manager", () => {
  const vague = files.filter((file) =>
    /(^|[-/])(utils?|helpers?|common|services?|data|managers?)\.tsx?$/.test(file),
  );

  expect(vague).toEqual(NAMED_AFTER_PUBLIC_CLASS);
});

/** Returns the files of this repository that each file imports, types included. */
const buildImportGraph = (): ReadonlyMap<string, readonly string[]> =>
  new Map(
    files.map((file) => [
      file,
      readImports(file)
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => relative(ROOT, resolve(ROOT, dirname(file), specifier))),
    ]),
  );

/**
 * Finds import cycles by depth-first search. Returns each cycle as a list of files, each of which
 * imports the next.
 */
const findCycles = (graph: ReadonlyMap<string, readonly string[]>): string[] => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const imported of graph.get(file) ?? []) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
};

test("no imports form a cycle, not even type imports", () => {
  expect(findCycles(buildImportGraph())).toEqual([]);
});

const MAX_ENTRIES = 25;

test(`no folder has more than ${MAX_ENTRIES} entries`, () => {
  const folders = new Map<string, Set<string>>();
  for (const file of files) {
    const parts = file.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join("/");
      folders.set(folder, (folders.get(folder) ?? new Set()).add(parts[depth] ?? ""));
    }
  }

  expect([...folders].filter(([, entries]) => entries.size > MAX_ENTRIES).map(([folder]) => folder)).toEqual(
    [],
  );
});
