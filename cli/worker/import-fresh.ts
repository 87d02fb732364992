import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Query parameter ("mark") in the URL of a module. Its value is the number of the import that
 * loaded the module, so that a later import loads the module again.
 */
const MARK = "joblib";

/**
 * The folders of joblib's own modules, as source and as build. These modules are loaded only once,
 * because `instanceof` would not recognize the classes of a second copy.
 */
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

/**
 * Returns true for a file of the user. Packages and joblib itself are shared between all imports.
 */
function isUserFile(url: string) {
  return (
    url.startsWith("file:") &&
    !url.includes("/node_modules/") &&
    !JOBLIB_FOLDERS.some((folder) => url.startsWith(folder))
  );
}

/**
 * Registers tsx, which compiles syntax that Node.js cannot strip: decorators, enums, and imports of
 * `.js` files that are `.ts` files.
 */
async function installHooks(): Promise<void> {
  if (areHooksInstalled) return;
  areHooksInstalled = true;
  const { register } = await import("tsx/esm/api");
  register();
  // Hooks run in the reverse order of their registration, so this hook runs before the hook of tsx.
  // It copies the mark in a module's URL to the URLs of the user's modules that the module imports.
  registerHooks({
    resolve(specifier, context, next) {
      const mark = getMark(specifier) ?? getMark(context.parentURL);
      if (mark === null) return next(specifier, context);
      const parentURL = context.parentURL === undefined ? undefined : removeMark(context.parentURL);
      const plain = getMark(specifier) === null ? specifier : removeMark(specifier);
      const found = next(plain, { ...context, parentURL });
      // Every TypeScript file is loaded as an ES module, even if its package.json declares
      // CommonJS.
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
 * Imports a module and everything that it imports again, except packages. Calls `onFile` for each
 * of these files. The function `tsImport` of tsx is not used, because it would also load every
 * package again, including a second copy of the SDK.
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
