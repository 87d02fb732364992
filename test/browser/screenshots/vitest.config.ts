import { join } from "node:path";
import { defineConfig } from "vitest/config";
import baseConfig from "../../../vitest.config.ts";

/**
 * The configuration of `npm run screenshots`. It is the same as for tests, but runs only the
 * screenshots.
 */
export default defineConfig({
  ...baseConfig,
  root: join(import.meta.dirname, "../../.."),
  test: { ...baseConfig.test, include: ["test/browser/screenshots/shots.ts"] },
});
