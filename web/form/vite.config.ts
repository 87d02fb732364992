import { join } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;

/** Builds `<joblib-form>` as a single self-contained module next to the dashboard's files. */
export default defineConfig({
  root: here,
  publicDir: false,
  resolve: {
    alias: [{ find: /^markdown-to-jsx(\/react)?$/, replacement: join(here, "plain-text.tsx") }],
  },
  build: {
    outDir: join(here, "..", "..", "dist", "web"),
    // The output directory also contains the dashboard, so the build must not empty it.
    emptyOutDir: false,
    target: "es2022",
    chunkSizeWarningLimit: 1000,
    // The oldest browsers that support `light-dark()`. For older browsers, the build would replace
    // `light-dark()` by other CSS.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rolldownOptions: {
      input: join(here, "element.tsx"),
      preserveEntrySignatures: "exports-only",
      output: { entryFileNames: "joblib-form.js", format: "es" },
      // Modules of `protocol/` contain only definitions, so the build may remove unused ones.
      treeshake: { moduleSideEffects: (id) => !id.includes("/protocol/") },
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
});
