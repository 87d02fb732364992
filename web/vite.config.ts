import { join } from "node:path";
import { defineConfig } from "vite";

const API = process.env["JOBLIB_URL"] ?? "http://127.0.0.1:7800";

/** The dashboard as static files: addresses are relative, so that a host may serve it under any path. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: {
    outDir: join(import.meta.dirname, "..", "dist", "web"),
    emptyOutDir: true,
    target: "es2022",
    // An asset as a data: URL would not pass the policy that the page is served with.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": API, "/readyz": API } },
});
