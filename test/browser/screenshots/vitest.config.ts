import { join } from "node:path";
import { defineConfig } from "vitest/config";
import everyday from "../../../vitest.config.ts";

/** `npm run screenshots`: the same run as any other, only for the screenshots. */
export default defineConfig({
  ...everyday,
  root: join(import.meta.dirname, "../../.."),
  test: { ...everyday.test, include: ["test/browser/screenshots/shots.ts"] },
});
