import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type ExtensionClass, isExtensionClass } from "../sdk/extension.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT } from "./exit-codes.ts";
import { importFresh } from "./import-fresh.ts";

/** A class whose context is the same file's business: nobody here can know its type. */
export type RunnableClass = ExtensionClass<unknown>;

/** What a worker's file holds. */
export interface LoadedExtensions {
  readonly classes: readonly RunnableClass[];
  /** What `run` is given: the exported `context`, made once where it is a function. */
  readonly context: unknown;
  /** The file and what it imports, packages left out: what a change of matters. */
  readonly files: readonly string[];
}

/** The file cannot be used; while developing, the one before it stays. */
export class LoadError extends CliError {
  /** As far as the loading came: a change in any of them is worth another try. */
  readonly files: readonly string[];

  constructor(message: string, files: readonly string[], details: readonly string[] = []) {
    super(message, EXIT.usage, details);
    this.name = "LoadError";
    this.files = files;
  }
}

/** Imports a user's file, TypeScript with decorators included, and finds the extensions that it exports. */
export const loadExtensions = async (file: string): Promise<LoadedExtensions> => {
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`${file}: there is no such file`);
  if (found.isDirectory())
    throw new UsageError(`${file} is a directory: name the file that exports the classes`);
  const files = new Set([path]);
  try {
    const module = await importFresh(pathToFileURL(path), (imported) => files.add(imported));
    const classes = extensionClassesOf(module, file);
    return { classes, context: await contextOf(module["context"]), files: [...files] };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new LoadError(
      `${file} cannot be loaded: ${summarizeError(error)}`,
      [...files],
      findUserFrame(error, files),
    );
  }
};

const isRunnable = (value: unknown): value is RunnableClass => isExtensionClass(value);

const extensionClassesOf = (module: Readonly<Record<string, unknown>>, file: string): RunnableClass[] => {
  // The same class may be exported twice, by its name and as the default.
  const classes = [...new Set(Object.values(module).filter(isRunnable))];
  if (classes.length === 0) throw new UsageError(`${file} exports no class that extends Extension`);
  const names = classes.map(({ category, name }) => `${category}:${name}`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`${file} exports two classes that are called ${twice}`);
  return classes;
};

const contextOf = async (context: unknown): Promise<unknown> =>
  typeof context === "function" ? await context() : context;

/** An error of the user's own files in one line. */
export const summarizeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // esbuild's message: "Transform failed with 1 error:\n/path/file.ts:3:8: ERROR: Expected …".
  const [, place] = /^Transform failed with \d+ errors?:\n(.*)$/m.exec(error.message) ?? [];
  return place ?? `${error.name}: ${error.message.split("\n")[0] ?? ""}`;
};

/** The first line of the stack that is in the user's own files. */
export const findUserFrame = (error: unknown, files: Iterable<string>): string[] => {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const line = stack
    .split("\n")
    .find((one) => one.includes("    at ") && [...files].some((file) => one.includes(file)));
  return line === undefined ? [] : [line.replace(/\?joblib=\d+/g, "").replace(/file:\/\//g, "")];
};
