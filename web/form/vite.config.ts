import { join } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;

/** Builds `<joblib-form>` as one self-contained module next to the dashboard's files. */
export default defineConfig({
  root: here,
  publicDir: false,
  resolve: {
    alias: [{ find: /^markdown-to-jsx(\/react)?$/, replacement: join(here, "plain-text.tsx") }],
  },
  build: {
    outDir: join(here, "..", "..", "dist", "web"),
    // The dashboard is built into the same directory.
    emptyOutDir: false,
    target: "es2022",
    chunkSizeWarningLimit: 1000,
    // The first browsers that support light-dark(), so that it is not compiled away.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rolldownOptions: {
      input: join(here, "element.tsx"),
      preserveEntrySignatures: "exports-only",
      output: { entryFileNames: "joblib-form.js", format: "es" },
      // `protocol/` only contains definitions, so unused ones can be removed.
      treeshake: { moduleSideEffects: (id) => !id.includes("/protocol/") },
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
});
