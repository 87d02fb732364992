import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** In a module's URL: which import it belongs to. */
const MARK = "joblib";

/** Joblib's own modules, from the source and built: loaded twice, a class would not be the class it extends. */
const OWN = ["../sdk/", "../protocol/", "../server/", "../cli/", "../dist/"].map(
  (path) => new URL(path, import.meta.url).href,
);
const TYPESCRIPT = /\.(ts|tsx|mts)$/;

const onFileOf = new Map<string, (file: string) => void>();
let isReady = false;
let imports = 0;

const markOf = (url: string | undefined): string | null =>
  url?.startsWith("file:") ? new URL(url).searchParams.get(MARK) : null;

const unmarked = (url: string): string => {
  const plain = new URL(url);
  plain.searchParams.delete(MARK);
  return plain.href;
};

/** A file of the user's own: packages are shared between imports, and so is joblib itself. */
const isUsersOwn = (url: string) =>
  url.startsWith("file:") && !url.includes("/node_modules/") && !OWN.some((own) => url.startsWith(own));

/** tsx compiles what Node's own type stripping does not know: decorators, enums, `.js` that means `.ts`. */
const prepare = async (): Promise<void> => {
  if (isReady) return;
  isReady = true;
  const { register } = await import("tsx/esm/api");
  register();
  // Registered after tsx's and so asked before it: the mark goes on to everything that a marked module imports.
  registerHooks({
    resolve(specifier, context, next) {
      const mark = markOf(specifier) ?? markOf(context.parentURL);
      if (mark === null) return next(specifier, context);
      const parentURL = context.parentURL === undefined ? undefined : unmarked(context.parentURL);
      const plain = markOf(specifier) === null ? specifier : unmarked(specifier);
      const found = next(plain, { ...context, parentURL });
      // Every TypeScript file is an ES module here, whatever the package.json beside it says.
      const isModule = found.format === "module" || TYPESCRIPT.test(new URL(found.url).pathname);
      if (!isUsersOwn(found.url) || !isModule) return found;
      const url = new URL(found.url);
      onFileOf.get(mark)?.(fileURLToPath(url));
      url.search = `?${MARK}=${mark}`;
      return { ...found, url: url.href, format: "module" };
    },
  });
};

/**
 * Imports a module and all that it imports anew, packages excepted. `onFile` hears of each of those files.
 * Unlike tsx's `tsImport`, which loads every package again too, and with them another copy of this SDK.
 */
export const importFresh = async (
  url: URL,
  onFile: (file: string) => void = () => {},
): Promise<Readonly<Record<string, unknown>>> => {
  await prepare();
  imports += 1;
  const marked = new URL(url);
  marked.searchParams.set(MARK, String(imports));
  onFileOf.set(String(imports), onFile);
  return import(marked.href);
};
