import { afterAll } from "vitest";
import { endLeftProcesses } from "./processes.ts";

// As a setup file this registers first, and vitest runs such hooks in reverse: the test file's own clean-up comes before.
afterAll(async () => {
  const left = await endLeftProcesses();

  if (left.length > 0) throw new Error(`this test file left something running:\n${left.join("\n")}`);
});
