import { defineConfig } from "vitest/config";
import { decoratorsPlugin } from "./test/support/decorators-plugin.ts";

export default defineConfig({
  plugins: [decoratorsPlugin()],
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["./test/support/services.ts"],
    setupFiles: ["./test/support/leftovers.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    // The default of one second is too short for a cold start on a busy machine.
    expect: { poll: { timeout: 10_000 } },
  },
});
