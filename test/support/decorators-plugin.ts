import { transform } from "esbuild";
import type { Vite } from "vitest/node";

// Matches a decorator at the start of a line, or after a token that can precede a decorator. A
// false match is harmless: the file is compiled needlessly, which takes a millisecond.
const decorator = /(?:^|\bexport|\bdefault|[=(,;{}])[ \t]*@[\w$(]/m;

/**
 * Compiles standard decorators in TypeScript files. Vite's compiler does not transform them, and
 * Node.js does not support them yet.
 */
export function decoratorsPlugin(): Vite.Plugin {
  return {
    name: "joblib:decorators",
    enforce: "pre",
    async transform(code, id) {
      const [file = id] = id.split("?");
      if (!/\.[cm]?tsx?$/.test(file) || file.includes("/node_modules/") || !decorator.test(code)) return null;

      const output = await transform(code, {
        loader: file.endsWith("x") ? "tsx" : "ts",
        sourcefile: file,
        sourcemap: "external",
        target: "es2024",
        format: "esm",
        tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
      });
      return { code: output.code, map: output.map };
    },
  };
}
