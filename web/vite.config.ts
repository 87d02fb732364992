import { join } from "node:path";
import { defineConfig } from "vite";

const API = process.env["JOBLIB_URL"] ?? "http://127.0.0.1:7800";

/** Builds the dashboard as static files. URLs are relative, so that a host can serve it under any path. */
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
    emptyOutDir: true,
    target: "es2022",
    // The page's Content-Security-Policy blocks `data:` URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // `protocol/` only contains definitions, so unused ones can be removed.
      treeshake: { moduleSideEffects: (id) => !id.includes("/protocol/") },
      // There is no server-side rendering, so `use client` has no meaning here.
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
  server: { proxy: { "/v1": API } },
});
