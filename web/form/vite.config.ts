import { join } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;

/** `<joblib-form>` as one module beside the dashboard's files, with everything that it needs in it. */
export default defineConfig({
  root: here,
  publicDir: false,
  resolve: {
    alias: [{ find: /^markdown-to-jsx(\/react)?$/, replacement: join(here, "plain-text.tsx") }],
  },
  build: {
    outDir: join(here, "..", "..", "dist", "web"),
    // The dashboard's files are there.
    emptyOutDir: false,
    target: "es2022",
    chunkSizeWarningLimit: 1000,
    // The first that know light-dark(), so that it is left as it is.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rolldownOptions: {
      input: join(here, "element.tsx"),
      preserveEntrySignatures: "exports-only",
      output: { entryFileNames: "joblib-form.js", format: "es" },
      // The contract is definitions alone: what the element does not name of it need not be there.
      treeshake: { moduleSideEffects: (id) => !id.includes("/protocol/") },
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
});
