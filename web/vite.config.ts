import { join } from "node:path";
import { defineConfig } from "vite";

const API = process.env["JOBLIB_URL"] ?? "http://127.0.0.1:7800";

/**
 * Builds the dashboard as static files. Their URLs are relative, so that a host can serve them under any
 * path.
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
    // No assets are inlined, because the page's Content-Security-Policy blocks `data:` URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // Unused modules of `protocol/` can be removed, because they contain only definitions.
      treeshake: { moduleSideEffects: (id) => !id.includes("/protocol/") },
      // Ignores warnings about `use client`, which has no meaning without server-side rendering.
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
  server: { proxy: { "/v1": API } },
});
