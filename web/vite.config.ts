import { join } from "node:path";
import { defineConfig } from "vite";

const API = process.env["JOBLIB_URL"] ?? "http://127.0.0.1:7800";

/**
 * Builds the dashboard as static files. URLs in these files are relative, so that a host
 * application can serve the files under any path.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  resolve: {
    alias: [
      {
        find: /^markdown-to-jsx(\/react)?$/,
        replacement: join(import.meta.dirname, "form", "plain-text.tsx"),
      },
    ],
  },
  build: {
    outDir: join(import.meta.dirname, "..", "dist", "web"),
    emptyOutDir: false,
    target: "es2022",
    // Assets are not inlined, because the page's Content-Security-Policy blocks `data:` URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // Modules of `protocol/` contain only definitions, so the build may remove unused ones.
      treeshake: { moduleSideEffects: (id) => !id.includes("/protocol/") },
      // Ignores warnings about `use client`, which has an effect only with server-side rendering.
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
  server: { proxy: { "/v1": API } },
});
