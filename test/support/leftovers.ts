import { afterAll } from "vitest";
import { endLeftoverProcesses } from "./processes.ts";

// As a setup file this registers first, and vitest runs such hooks in reverse: the test file's own clean-up comes before.
afterAll(async () => {
  const left = await endLeftoverProcesses();

  if (left.length > 0) throw new Error(`this test file left something running:\n${left.join("\n")}`);
});
