import { afterAll } from "vitest";
import { endLeftoverProcesses } from "./processes.ts";

// This hook runs after the hooks of the test file, which stop the file's processes: vitest runs
// `afterAll` hooks in reverse order, and setup files register their hooks first.
afterAll(async () => {
  const left = await endLeftoverProcesses();

  if (left.length > 0) throw new Error(`this test file left processes running:\n${left.join("\n")}`);
});
