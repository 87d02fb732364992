import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** Query parameter of a module's URL: the number of the import that loaded it. */
const MARK = "joblib";

/** The modules of joblib, as source and as build. They are loaded once: a second copy would have different classes. */
const JOBLIB_FOLDERS = ["../../sdk/", "../../protocol/", "../../server/", "../../cli/", "../../dist/"].map(
  (path) => new URL(path, import.meta.url).href,
);
const TYPESCRIPT = /\.(ts|tsx|mts)$/;

const fileListeners = new Map<string, (file: string) => void>();
let areHooksInstalled = false;
let importCount = 0;

function getMark(url: string | undefined): string | null {
  return url?.startsWith("file:") ? new URL(url).searchParams.get(MARK) : null;
}

function removeMark(url: string): string {
  const plain = new URL(url);
  plain.searchParams.delete(MARK);
  return plain.href;
}

/** Returns true for a file of the user. Packages and joblib itself are shared between imports. */
function isUserFile(url: string) {
  return (
    url.startsWith("file:") &&
    !url.includes("/node_modules/") &&
    !JOBLIB_FOLDERS.some((folder) => url.startsWith(folder))
  );
}

/** Registers tsx, which compiles what Node's type stripping does not support: decorators, enums, `.js` for `.ts`. */
async function installHooks(): Promise<void> {
  if (areHooksInstalled) return;
  areHooksInstalled = true;
  const { register } = await import("tsx/esm/api");
  register();
  // Registered after the hook of tsx, so it runs first. It passes the mark on to all imports of a marked module.
  registerHooks({
    resolve(specifier, context, next) {
      const mark = getMark(specifier) ?? getMark(context.parentURL);
      if (mark === null) return next(specifier, context);
      const parentURL = context.parentURL === undefined ? undefined : removeMark(context.parentURL);
      const plain = getMark(specifier) === null ? specifier : removeMark(specifier);
      const found = next(plain, { ...context, parentURL });
      // Every TypeScript file is loaded as an ES module, whatever its package.json says.
      const isModule = found.format === "module" || TYPESCRIPT.test(new URL(found.url).pathname);
      if (!isUserFile(found.url) || !isModule) return found;
      const url = new URL(found.url);
      fileListeners.get(mark)?.(fileURLToPath(url));
      url.search = `?${MARK}=${mark}`;
      return { ...found, url: url.href, format: "module" };
    },
  });
}

/**
 * Imports a module and its imports again, except packages. Calls `onFile` for each of these files. `tsImport` of tsx
 * would also load every package again, including a second copy of the SDK.
 */
export async function importFresh(
  url: URL,
  onFile: (file: string) => void = () => {},
): Promise<Readonly<Record<string, unknown>>> {
  await installHooks();
  importCount += 1;
  const marked = new URL(url);
  marked.searchParams.set(MARK, String(importCount));
  fileListeners.set(String(importCount), onFile);
  return import(marked.href);
}
