import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type ExtensionClass, isExtensionClass } from "../../sdk/extension/extension.ts";
import { isProviderClass, type ProviderClass } from "../../sdk/provide/provider.ts";
import { EXIT } from "../exit-codes.ts";
import { CliError, UsageError } from "../io/errors.ts";
import { importFresh } from "./import-fresh.ts";

/** An extension class with a context of unknown type, because only the user's file declares it. */
export type RunnableClass = ExtensionClass<unknown>;

/** A provider class. The type of its source is known only to the user's file. */
export type ServableClass = ProviderClass<unknown>;

/** The extensions, the providers and the context that a worker's file exports. */
export interface LoadedExtensions {
  readonly classes: readonly RunnableClass[];
  readonly providers: readonly ServableClass[];
  /**
   * The exported `context`, which is passed to `run`, and to `read` of providers. If it is a
   * function, it was called once.
   */
  readonly context: unknown;
  /**
   * The file and the files that it imports, except packages. After a change of any of them, `joblib
   * dev` restarts the worker.
   */
  readonly files: readonly string[];
}

/** Thrown if a file cannot be loaded. `joblib dev` then keeps running the previous version. */
export class LoadError extends CliError {
  /**
   * The files that were loaded before the error. After a change of any of them, `joblib dev` tries
   * to load the extensions again.
   */
  readonly files: readonly string[];

  constructor(message: string, files: readonly string[], details: readonly string[] = []) {
    super(message, EXIT.usage, details);
    this.name = "LoadError";
    this.files = files;
  }
}

/**
 * Imports a user's file, which may be TypeScript with decorators, and returns the extensions that
 * it exports.
 */
export async function loadExtensions(file: string): Promise<LoadedExtensions> {
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`${file}: no such file`);
  if (found.isDirectory())
    throw new UsageError(`${file} is a directory. Pass the file that exports the extensions.`);
  const files = new Set([path]);
  try {
    const module = await importFresh(pathToFileURL(path), (imported) => files.add(imported));
    const providers = [...new Set(Object.values(module).filter(isServable))];
    const classes = findExtensionClasses(module, file);
    if (classes.length + providers.length === 0)
      throw new UsageError(`${file} exports no class that extends Extension or Provider`);
    return { classes, providers, context: await createContext(module["context"]), files: [...files] };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new LoadError(
      `cannot load ${file}: ${summarizeError(error)}`,
      [...files],
      findUserFrame(error, files),
    );
  }
}

const isServable = (value: unknown): value is ServableClass => isProviderClass(value);
const isRunnable = (value: unknown): value is RunnableClass => isExtensionClass(value);

function findExtensionClasses(module: Readonly<Record<string, unknown>>, file: string): RunnableClass[] {
  // A class may be exported twice: by name and as the default.
  const classes = [...new Set(Object.values(module).filter(isRunnable))];
  const names = classes.map(({ category, name }) => `${category}:${name}`);
  const duplicate = names.find((name, index) => names.indexOf(name) !== index);
  if (duplicate !== undefined) throw new UsageError(`${file} exports two extensions named ${duplicate}`);
  return classes;
}

async function createContext(context: unknown): Promise<unknown> {
  return typeof context === "function" ? await context() : context;
}

/** Returns the message of an error in the user's files, in one line. */
export function summarizeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Matches esbuild's message: "Transform failed with 1 error:\n/path/file.ts:3:8: ERROR: Expected
  // …".
  const [, location] = /^Transform failed with \d+ errors?:\n(.*)$/m.exec(error.message) ?? [];
  return location ?? `${error.name}: ${error.message.split("\n")[0] ?? ""}`;
}

/**
 * Returns a list with the first line of the stack trace that refers to one of the user's files. The
 * list is empty if no line does.
 */
export function findUserFrame(error: unknown, files: Iterable<string>): string[] {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const line = stack
    .split("\n")
    .find((frame) => frame.includes("    at ") && [...files].some((file) => frame.includes(file)));
  return line === undefined ? [] : [line.replace(/\?joblib=\d+/g, "").replace(/file:\/\//g, "")];
}
