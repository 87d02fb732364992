import { join } from "node:path";
import { defineConfig } from "vite";

const API = process.env["JOBLIB_URL"] ?? "http://127.0.0.1:7800";

/** The dashboard as static files: addresses are relative, so that a host may serve it under any path. */
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
    // An asset as a data: URL would not pass the policy that the page is served with.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // The contract is definitions alone: what the dashboard does not name of it need not be there.
      treeshake: { moduleSideEffects: (id) => !id.includes("/protocol/") },
      // `use client` means nothing to who has no server side.
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
  server: { proxy: { "/v1": API } },
});
