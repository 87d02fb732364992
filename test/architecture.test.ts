import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const ROOMS = ["protocol", "sdk", "server", "cli", "web"] as const;
const MAX_LINES = 300;

const isPackage =
  (...names: string[]) =>
  (specifier: string) =>
    names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
const isNodeBuiltin = (specifier: string) => specifier.startsWith("node:");

interface Rule {
  /** Whose imports; the longest match counts. */
  readonly folder: string;
  readonly sentence: string;
  /** Folders and files of the house, besides its own folder. */
  readonly house: readonly string[];
  readonly allows: (specifier: string) => boolean;
  /** A folder whose types it may name: they are gone when it runs. */
  readonly types?: string;
}

const ORM = isPackage("@mikro-orm", "kysely", "pg", "@electric-sql/pglite", "ioredis");

const RULES: readonly Rule[] = [
  {
    folder: "protocol",
    sentence: "protocol imports zod and small pure libraries, and nothing else in the house",
    house: [],
    allows: isPackage("zod", "canonicalize", "rfc6902"),
  },
  {
    folder: "protocol/tracing",
    sentence:
      "protocol/tracing imports OpenTelemetry's API, which does nothing until somebody registers more",
    house: ["protocol/trace-context.ts"],
    allows: isPackage("@opentelemetry/api"),
  },
  {
    folder: "sdk",
    sentence:
      "sdk imports protocol and small libraries, OpenTelemetry's API among them, never server, cli or msw",
    house: ["protocol"],
    allows: (name) =>
      isNodeBuiltin(name) ||
      isPackage("undici", "zod", "zod-to-json-schema", "eventsource-parser", "@opentelemetry/api")(name),
  },
  {
    folder: "sdk/testing",
    sentence:
      "sdk/testing imports protocol, msw, and of the sdk the senders that it turns to the global fetch",
    house: ["protocol", "sdk/senders.ts"],
    allows: (name) => isNodeBuiltin(name) || isPackage("zod", "msw")(name),
  },
  {
    folder: "server",
    sentence: "server imports protocol and its own libraries, never sdk or cli",
    house: ["protocol"],
    allows: (name) => !isPackage("undici", "msw", "commander", "ora", "chalk", "tsx")(name),
  },
  {
    folder: "server/use-cases",
    sentence: "use-cases import protocol and the server's ports, never fastify, MikroORM or ioredis",
    house: ["protocol", "server"],
    allows: (name) => !ORM(name) && !isPackage("fastify", "@fastify")(name),
  },
  {
    folder: "server/http",
    sentence: "http imports protocol, use-cases and fastify, never MikroORM or ioredis",
    house: ["protocol", "server"],
    allows: (name) => !ORM(name),
  },
  {
    folder: "cli",
    sentence:
      "cli imports sdk and protocol; the server by import() in serve, dev, migrate, token and doctor alone",
    house: ["protocol", "sdk"],
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
        "log-update",
        "@clack/prompts",
        "json-schema-to-typescript",
      )(name),
  },
  {
    folder: "web",
    sentence: "web imports protocol and libraries for the browser; nobody imports web",
    house: ["protocol"],
    allows: isPackage(
      "@cfworker/json-schema",
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
    sentence: `the build of ${folder} runs on Node, and imports vite`,
    house: [],
    allows: (name: string) => isNodeBuiltin(name) || isPackage("vite")(name),
  })),
];

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));

const STATIC =
  /^\s*(?:import|export)\b(\s+type\b)?[^"'`;]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']/gm;

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

const importsOf = (file: string): Import[] =>
  [...readFileSync(join(ROOT, file), "utf8").matchAll(STATIC)].map((match) => ({
    specifier: match[2] ?? match[3] ?? "",
    isTypeOnly: match[1] !== undefined,
  }));

const ruleFor = (file: string) =>
  RULES.filter(({ folder }) => file === folder || file.startsWith(`${folder}/`)).sort(
    (a, b) => b.folder.length - a.folder.length,
  )[0];

const isAllowed = (file: string, { specifier, isTypeOnly }: Import, rule: Rule) => {
  if (!specifier.startsWith(".")) return rule.allows(specifier);
  const target = relative(ROOT, resolve(ROOT, dirname(file), specifier));
  const types = isTypeOnly && rule.types !== undefined ? [rule.types] : [];
  return [rule.folder, ...rule.house, ...types].some(
    (place) => target === place || target.startsWith(`${place}/`),
  );
};

const files = ROOMS.flatMap(filesIn);

test.each(RULES)("$sentence", (rule) => {
  const strays = files
    .filter((file) => ruleFor(file) === rule)
    .flatMap((file) =>
      importsOf(file)
        .filter((entry) => !isAllowed(file, entry, rule))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );

  expect(strays).toEqual([]);
});

test("the server is loaded on demand, by the commands that need it alone", () => {
  const loaders = filesIn("cli").filter((file) =>
    /import\(\s*["'][^"']*server\//.test(readFileSync(join(ROOT, file), "utf8")),
  );

  for (const file of loaders)
    expect(file).toMatch(
      /^cli\/(commands\/(serve|dev|migrate|token|doctor)|start-server|database-migrations)/,
    );
});

test(`no file is over ${MAX_LINES} lines`, () => {
  const long = [...files, ...filesIn("test"), ...filesIn("examples")].filter(
    (file) => readFileSync(join(ROOT, file), "utf8").split("\n").length > MAX_LINES,
  );

  expect(long).toEqual([]);
});

test("nobody keeps a utils, helper, common or manager file", () => {
  const vague = files.filter((file) => /(^|[-/])(utils?|helpers?|common|service|data)\.tsx?$/.test(file));

  expect(vague).toEqual([]);
});
